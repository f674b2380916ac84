// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.loadtest;

import org.jspecify.annotations.NullMarked;
