// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.backends;

import org.jspecify.annotations.NullMarked;
