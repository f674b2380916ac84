// SPDX-License-Identifier: Apache-2.0
/** What an idle replica does next: pure functions of the time and of what a queue shows. */
@NullMarked
package dev.millrace.batching.policy;

import org.jspecify.annotations.NullMarked;
