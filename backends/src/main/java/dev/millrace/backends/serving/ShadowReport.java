// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.shadow.Comparisons;

/**
 * A version that runs copies of what another one answers.
 *
 * @param version that runs them
 * @param against the version that answers
 * @param percent of its answered requests that are copied, unless there is too much to do
 * @param comparisons since the two are a pair
 */
public record ShadowReport(long version, long against, int percent, Comparisons comparisons) {}
