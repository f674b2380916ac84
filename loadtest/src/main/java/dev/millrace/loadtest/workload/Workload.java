// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.List;

/**
 * The mix of requests to send, and how answers are checked. Immutable.
 *
 * @param variants at least one
 * @param check how answers are looked at; {@link AnswerCheck#NONE} if they are not
 * @param order in which variants follow each other
 */
public record Workload(List<Variant> variants, AnswerCheck check, Order order) {
  /** How the variants of a mix follow each other; their shares are the same. */
  public enum Order {
    /** As evenly as their weights allow: of two that are equal, one after the other. */
    IN_TURN,

    /** Each whatever the one before was. */
    AT_RANDOM
  }

  public Workload {
    variants = List.copyOf(variants);
    if (variants.isEmpty()) {
      throw new IllegalArgumentException("no variants (expected at least one)");
    }
  }

  /** Variants in turn. */
  public Workload(List<Variant> variants, AnswerCheck check) {
    this(variants, check, Order.IN_TURN);
  }

  public Workload inRandomOrder() {
    return new Workload(variants, check, Order.AT_RANDOM);
  }

  /**
   * The same requests, each of them with each of those deadlines: as many variants for each one.
   *
   * @param deadlines at least one
   */
  public Workload within(List<DeadlineShare> deadlines) {
    int each = deadlines.size();
    return new Workload(
        variants.stream().flatMap(variant -> deadlines.stream().map(variant::within)).toList(),
        (variant, message) -> check.problem(variant / each, message),
        order);
  }
}
