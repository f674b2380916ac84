// SPDX-License-Identifier: Apache-2.0
/** What batches cost and how fast requests come: learned, never configured. */
@NullMarked
package dev.millrace.batching.cost;

import org.jspecify.annotations.NullMarked;
