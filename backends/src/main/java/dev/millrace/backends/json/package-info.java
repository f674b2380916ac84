// SPDX-License-Identifier: Apache-2.0
/** JSON values, and tensors written in them. */
@NullMarked
package dev.millrace.backends.json;

import org.jspecify.annotations.NullMarked;
