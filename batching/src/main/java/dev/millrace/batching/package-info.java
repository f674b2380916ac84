// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.batching;

import org.jspecify.annotations.NullMarked;
