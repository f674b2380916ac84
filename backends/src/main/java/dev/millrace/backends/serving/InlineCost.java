// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What batches of a served version cost, learned from those that ran, for one question: is the next
 * one so small that an event loop may run it itself?
 *
 * <p>Costs are kept by the size of the batch in bytes, rounded down to a power of two: rows of a
 * model whose shapes vary differ in cost, their bytes hardly do. An estimate follows smaller
 * samples at once and larger ones slowly: a run that was interrupted (by the operating system, by a
 * collection) says little of the next.
 *
 * <p>A version that takes over from another is supposed to cost what that one does, or what its own
 * warm-up took if that was more, until its first batch has run. The warm-up alone is not believed:
 * its values were made up, and a model may take long for others.
 *
 * <p>Any thread. Racing updates may lose a sample, which is harmless.
 */
final class InlineCost {
  private static final int BUCKETS = 48;
  private static final int RISE_SHIFT = 4;
  private static final int LARGEST_OUTLIER = 8;

  private final long budgetNanos;

  /** Nanoseconds by size; 0 for not known. */
  private final AtomicLongArray nanos = new AtomicLongArray(BUCKETS);

  /** What they are supposed to be until one is known. */
  private final AtomicLongArray supposedNanos = new AtomicLongArray(BUCKETS);

  /** Of the warm-up. */
  private final AtomicLongArray warmUpNanos = new AtomicLongArray(BUCKETS);

  /**
   * @param budgetNanos what a batch on an event loop may take; 0 for none on event loops
   * @param timings what runs at the warm-up took
   */
  InlineCost(long budgetNanos, List<WarmUp.Timing> timings) {
    this.budgetNanos = budgetNanos;
    for (WarmUp.Timing timing : timings) {
      int bucket = bucket(timing.bytes());
      long known = warmUpNanos.get(bucket);
      warmUpNanos.set(bucket, known == 0 ? timing.nanos() : Math.min(known, timing.nanos()));
    }
  }

  /** Batches will cost what those of another version have. Before the first of them. */
  void takeOverFrom(InlineCost other) {
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      long known = other.nanos.getOpaque(bucket);
      long tried = estimate(warmUpNanos, bucket);
      if (known > 0 && tried < Long.MAX_VALUE) {
        supposedNanos.set(bucket, Math.max(known, tried));
      }
    }
  }

  /** A batch has run. */
  void ran(long bytes, long takenNanos) {
    int bucket = bucket(bytes);
    long known = nanos.getPlain(bucket);
    long sample = Math.max(1, takenNanos);
    long next;
    if (known == 0) {
      next = sample;
    } else if (sample < known) {
      next = (known + sample) / 2;
    } else {
      long bounded = Math.min(sample, known * LARGEST_OUTLIER);
      next = known + ((bounded - known) >> RISE_SHIFT);
    }
    if (next != known) {
      nanos.setOpaque(bucket, Math.max(1, next));
    }
  }

  /** Whether a batch of that size is known, or supposed, to cost little enough. */
  boolean isSmall(long bytes) {
    if (budgetNanos == 0) {
      return false;
    }
    int bucket = bucket(bytes);
    long learned = estimate(nanos, bucket);
    return (learned < Long.MAX_VALUE ? learned : estimate(supposedNanos, bucket)) <= budgetNanos;
  }

  /** What a batch of that size is expected to take; Long.MAX_VALUE if none has run. */
  long expectedNanos(long bytes) {
    return estimate(nanos, bucket(bytes));
  }

  /**
   * From the next smaller size that is known, as if cost grew with the size, which is the most it
   * does; else from the next larger one.
   */
  private static long estimate(AtomicLongArray nanos, int bucket) {
    for (int below = bucket; below >= 0; below--) {
      long known = nanos.getOpaque(below);
      if (known > 0) {
        return known << Math.min(bucket - below, 20);
      }
    }
    for (int above = bucket + 1; above < BUCKETS; above++) {
      long known = nanos.getOpaque(above);
      if (known > 0) {
        return known;
      }
    }
    return Long.MAX_VALUE;
  }

  private static int bucket(long bytes) {
    return Math.min(BUCKETS - 1, 63 - Long.numberOfLeadingZeros(Math.max(1, bytes)));
  }
}
