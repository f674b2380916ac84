// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.gateway;

import org.jspecify.annotations.NullMarked;
