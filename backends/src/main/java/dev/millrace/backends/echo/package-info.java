// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.millrace.backends.echo;

import org.jspecify.annotations.NullMarked;
