// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.repository.Scheduling;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How many requests of each level of priority wait, where their number is limited. Exact: a request
 * counts from its admission until it is taken for a run, or answered without one. Any thread.
 */
final class LevelQuotas {
  private final int[] most;
  private final AtomicIntegerArray waiting;

  private LevelQuotas(int[] most) {
    this.most = most;
    this.waiting = new AtomicIntegerArray(most.length);
  }

  /** The limits of a model; 0 for a level that has none. */
  static LevelQuotas of(Scheduling scheduling) {
    int[] most = new int[Math.max(1, scheduling.priorityLevels())];
    for (int i = 0; i < most.length; i++) {
      most[i] = scheduling.policyOf(i + 1).maxQueueSize();
    }
    return new LevelQuotas(most);
  }

  /** Whether requests of that priority are counted. */
  boolean isLimited(int priority) {
    return most[priority] > 0;
  }

  /** Counts a request in, unless its level is full. */
  boolean tryEnter(int priority) {
    int held;
    do {
      held = waiting.get(priority);
      if (held >= most[priority]) {
        return false;
      }
    } while (!waiting.compareAndSet(priority, held, held + 1));
    return true;
  }

  /** Counts a request out, once for each that was counted in. */
  void leave(int priority) {
    waiting.decrementAndGet(priority);
  }
}
