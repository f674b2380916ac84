// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.List;

/**
 * The mix of requests to send, and how answers are checked. Immutable.
 *
 * @param variants at least one
 * @param check how answers are looked at; {@link AnswerCheck#NONE} if they are not
 */
public record Workload(List<Variant> variants, AnswerCheck check) {
  public Workload {
    variants = List.copyOf(variants);
    if (variants.isEmpty()) {
      throw new IllegalArgumentException("no variants (expected at least one)");
    }
  }
}
