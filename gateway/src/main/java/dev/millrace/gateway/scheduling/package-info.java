// SPDX-License-Identifier: Apache-2.0
/** Why the batches of a model look as they do: its queue's report, in JSON and in words. */
@NullMarked
package dev.millrace.gateway.scheduling;

import org.jspecify.annotations.NullMarked;
