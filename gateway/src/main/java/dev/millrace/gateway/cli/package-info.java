// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.gateway.cli;

import org.jspecify.annotations.NullMarked;
