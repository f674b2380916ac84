// SPDX-License-Identifier: Apache-2.0
/** When requests are sent, and what became of them. */
@NullMarked
package dev.millrace.loadtest.load;

import org.jspecify.annotations.NullMarked;
