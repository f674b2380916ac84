// SPDX-License-Identifier: Apache-2.0
/** Servers as processes of their own: where they run, and what they cost as seen from outside. */
@NullMarked
package dev.millrace.loadtest.process;

import org.jspecify.annotations.NullMarked;
