// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.backends.model;

import org.jspecify.annotations.NullMarked;
