// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A queue that one test thread steps by hand, with a clock it sets. */
final class SteppedQueue {
  final AtomicLong nowNanos = new AtomicLong();
  final Batch<TestItem> batch = new Batch<>();
  final BatchQueue<TestItem> queue;

  SteppedQueue(QueueLimits limits, BatchPolicy policy) {
    this(limits, Fairness.NONE, policy);
  }

  SteppedQueue(QueueLimits limits, Fairness fairness, BatchPolicy policy) {
    queue = new BatchQueue<>(limits, fairness, policy, nowNanos::get);
  }

  /** Has batches cost what a line says, as far as the queue knows. */
  SteppedQueue knowing(long alphaNanos, long betaNanos, int maxRows) {
    for (int round = 0; round < 20; round++) {
      for (int rows = 1; rows <= maxRows; rows++) {
        queue.seed(1, rows, alphaNanos + betaNanos * rows);
      }
    }
    return this;
  }

  /** Batches of 4 rows, 100 rows and 10,000 bytes queued, 64 slots, greedy. */
  SteppedQueue() {
    this(new QueueLimits(4, 100, 10_000, 64), BatchPolicy.greedy());
  }

  @Nullable Rejection offer(TestItem item) {
    return queue.offer(item);
  }

  void offerAll(TestItem... items) {
    for (TestItem item : items) {
      Rejection refusal = queue.offer(item);
      if (refusal != null) {
        throw new AssertionError(item + ": " + refusal);
      }
    }
  }

  /** The names in the next batch; empty if there is none. */
  List<String> next() {
    queue.tryTake(batch);
    return batch.items().stream().map(TestItem::toString).toList();
  }

  /** The names in all batches until nothing is left. */
  List<List<String>> rest() {
    List<List<String>> batches = new ArrayList<>();
    for (List<String> next = next(); !next.isEmpty(); next = next()) {
      batches.add(next);
    }
    return batches;
  }
}
