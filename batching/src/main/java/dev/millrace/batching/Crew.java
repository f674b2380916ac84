// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The replicas of a queue that wait in {@link BatchQueue#take}, as far as the leader knows of them:
 * who runs a batch, and until when by prediction. Owned by the leader, except that a replica says
 * itself when it is back ({@link Batch#isBack}).
 */
final class Crew {
  /** As many replicas as a model may have, and more than there can be event loops. */
  static final int MOST_MEMBERS = 128;

  /** Of the time that was predicted, what a run may take before it is not counted on any more. */
  private static final int SUSPECT_TIMES = 4;

  /** Shorter ones are pauses of the machine. */
  private static final long LEAST_SUSPECT_NANOS = 100_000_000;

  private final List<Batch<?>> members = new ArrayList<>();
  private long[] busyUntil = new long[4];
  private int busy;
  private int serving = 1;

  void join(Batch<?> batch) {
    if (!members.contains(batch)) {
      members.add(batch);
      busyUntil = new long[Math.max(4, members.size())];
    }
  }

  void leave(Batch<?> batch) {
    members.remove(batch);
  }

  /** Looks who runs. */
  void look(long nowNanos) {
    int suspects = 0;
    busy = 0;
    members.removeIf(Batch::isGone);
    for (int i = 0; i < members.size(); i++) {
      Batch<?> batch = members.get(i);
      if (!batch.isRunning()) {
        continue;
      }
      long expected = batch.expectedNanos();
      long allowed = Math.max(LEAST_SUSPECT_NANOS, SUSPECT_TIMES * expected);
      if (nowNanos - batch.takenNanos() > allowed) {
        suspects++;
      } else {
        busyUntil[busy++] = batch.takenNanos() + expected;
      }
    }
    serving = Math.clamp(members.size() - suspects, 1, MOST_MEMBERS);
    Arrays.sort(busyUntil, 0, busy);
  }

  /**
   * When the replica is free that is number {@code index} in the order of that, suspects left out;
   * 0 for now.
   */
  long freeNanos(int index) {
    int idle = serving - busy();
    return index < idle ? 0 : busyUntil[index - idle];
  }

  int busy() {
    return Math.min(busy, serving);
  }

  int serving() {
    return serving;
  }

  long busyUntilNanos(int index) {
    return busyUntil[index];
  }
}
