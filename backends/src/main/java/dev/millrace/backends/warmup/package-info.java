// SPDX-License-Identifier: Apache-2.0
/** Recorded and made-up requests that a model is run with before it serves. */
@NullMarked
package dev.millrace.backends.warmup;

import org.jspecify.annotations.NullMarked;
