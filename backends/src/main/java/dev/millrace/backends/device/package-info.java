// SPDX-License-Identifier: Apache-2.0
/** What models can run on: processors, accelerators, and where a model is to be. */
@NullMarked
package dev.millrace.backends.device;

import org.jspecify.annotations.NullMarked;
