// SPDX-License-Identifier: Apache-2.0

/** What a new version is held to while it gets a part of the traffic, and what is seen of it. */
@NullMarked
package dev.millrace.backends.gate;

import org.jspecify.annotations.NullMarked;
