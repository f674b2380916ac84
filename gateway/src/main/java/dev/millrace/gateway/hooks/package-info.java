// SPDX-License-Identifier: Apache-2.0
/** What other systems tell the gateway of their own accord, over HTTP. */
@NullMarked
package dev.millrace.gateway.hooks;

import org.jspecify.annotations.NullMarked;
