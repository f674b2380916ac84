// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.backends.serving;

import org.jspecify.annotations.NullMarked;
