// SPDX-License-Identifier: Apache-2.0
/** The load tester's command line. */
@NullMarked
package dev.millrace.loadtest.cli;

import org.jspecify.annotations.NullMarked;
