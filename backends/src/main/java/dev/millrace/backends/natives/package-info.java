// SPDX-License-Identifier: Apache-2.0
/** Engines as native libraries: which build of one is loaded, and what it needs of the machine. */
@NullMarked
package dev.millrace.backends.natives;

import org.jspecify.annotations.NullMarked;
