// SPDX-License-Identifier: Apache-2.0
/** What is to be seen on a machine with a GPU, and what can be seen without one. */
@NullMarked
package dev.millrace.loadtest.gpucheck;

import org.jspecify.annotations.NullMarked;
