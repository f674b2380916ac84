// SPDX-License-Identifier: Apache-2.0
/** Which threads give way to which. */
@NullMarked
package dev.millrace.backends.threads;

import org.jspecify.annotations.NullMarked;
