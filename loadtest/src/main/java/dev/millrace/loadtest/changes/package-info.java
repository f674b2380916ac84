// SPDX-License-Identifier: Apache-2.0
/** What changes cost that are made to a gateway under load. */
@NullMarked
package dev.millrace.loadtest.changes;

import org.jspecify.annotations.NullMarked;
