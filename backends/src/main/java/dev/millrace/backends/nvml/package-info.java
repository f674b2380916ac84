// SPDX-License-Identifier: Apache-2.0
/** How NVIDIA's GPUs are: their driver's management library. */
@NullMarked
package dev.millrace.backends.nvml;

import org.jspecify.annotations.NullMarked;
