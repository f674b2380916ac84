// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the leader does with the items that wait: drops the dead, asks the policy, claims a batch.
 *
 * <p>Plain single-threaded code: all of it runs under the lead of a {@link BatchQueue}, which is
 * also what publishes its fields from one leader to the next. Priorities, tenants and a cost model
 * belong here; the queue's concurrency need not know of them.
 *
 * <p>Policies and items are foreign code. What they throw is caught here, item by item, counted and
 * kept for {@link #lastFault}: an exception that escaped would cost a replica its thread and the
 * items behind it their answers.
 */
final class LaneScheduler<T extends Batchable> {
  private final int maxBatchRows;
  private final BatchPolicy policy;
  private final BatchPolicy fallback = BatchPolicy.greedy();
  private final QueueCounts counts;
  private final EntryPool<T> pool;
  private final Lanes<T> lanes = new Lanes<>();

  /** Counted out once per visit instead of once per item. */
  private int freedRows;

  private long freedBytes;

  private volatile long faults;
  private volatile @Nullable Throwable lastFault;

  LaneScheduler(int maxBatchRows, BatchPolicy policy, QueueCounts counts, EntryPool<T> pool) {
    this.maxBatchRows = maxBatchRows;
    this.policy = policy;
    this.counts = counts;
    this.pool = pool;
  }

  boolean hasWork() {
    return !lanes.isEmpty();
  }

  long faults() {
    return faults;
  }

  Optional<Throwable> lastFault() {
    return Optional.ofNullable(lastFault);
  }

  /** Puts an entry into its lane. A shape key that throws when it is compared is not shared. */
  void admit(Entry<T> entry) {
    try {
      lanes.add(entry);
    } catch (RuntimeException fault) {
      note(fault);
      entry.runAlone();
      lanes.add(entry);
    }
  }

  /** Fills {@code batch} with claimed items; false if nothing is left that could run. */
  boolean fill(Batch<T> batch, long nowNanos) {
    try {
      for (Lane<T> lane = firstAlive(nowNanos); lane != null; lane = firstAlive(nowNanos)) {
        claimFrom(lane, batch, nowNanos);
        lanes.firstChanged();
        if (!batch.isEmpty()) {
          batch.takenAt(nowNanos);
          return true;
        }
      }
      return false;
    } finally {
      countOut();
    }
  }

  /** Answers what has expired and forgets what is settled, wherever it waits. */
  void sweep(long nowNanos) {
    Predicate<Entry<T>> removeDead =
        entry -> {
          if (!isDead(entry, nowNanos)) {
            return false;
          }
          drop(entry, nowNanos);
          return true;
        };
    try {
      lanes.editAll(lane -> lane.removeIf(removeDead));
    } finally {
      countOut();
    }
  }

  /** Rejects all that waits; returns how many items this call answered. */
  int rejectAll(Rejection rejection) {
    int rejected = 0;
    try {
      for (Lane<T> lane = lanes.first(); lane != null; lane = lanes.first()) {
        while (!lane.isEmpty()) {
          Entry<T> entry = lane.removeHead();
          T item = entry.item();
          forget(entry);
          if (reject(item, rejection)) {
            rejected++;
          }
        }
        lanes.firstChanged();
      }
      return rejected;
    } finally {
      countOut();
    }
  }

  /**
   * The lane to serve, with a live head. A dead head may hide that another lane is more urgent, so
   * the order is looked at again after each.
   */
  private @Nullable Lane<T> firstAlive(long nowNanos) {
    Lane<T> lane = lanes.first();
    while (lane != null && isDead(lane.head(), nowNanos)) {
      drop(lane.removeHead(), nowNanos);
      lanes.firstChanged();
      lane = lanes.first();
    }
    return lane;
  }

  /**
   * Claims from the head on, as long as rows fit. The first item always fits; at the first later
   * one that does not, the batch ends: passing it by for smaller ones would let those overtake it
   * for ever. Whoever was cancelled or has expired meanwhile makes room for the next in line.
   */
  private void claimFrom(Lane<T> lane, Batch<T> batch, long nowNanos) {
    int left = Lanes.ALONE.equals(lane.key()) ? 1 : rowsToRun(lane, nowNanos);
    while (!lane.isEmpty()) {
      Entry<T> entry = lane.head();
      if (!batch.isEmpty() && entry.weight() > left) {
        return;
      }
      lane.removeHead();
      if (entry.isExpired(nowNanos)) {
        drop(entry, nowNanos);
        continue;
      }
      T item = entry.item();
      int rows = entry.rows();
      int weight = entry.weight();
      forget(entry);
      if (claim(item)) {
        batch.add(item, rows);
        left -= weight;
      }
    }
  }

  private int rowsToRun(Lane<T> lane, long nowNanos) {
    try {
      int rows = policy.decide(nowNanos, lane, maxBatchRows);
      if (rows >= 1 && rows <= maxBatchRows) {
        return rows;
      }
      throw new IllegalStateException(
          "policy: " + rows + " rows (expected 1.." + maxBatchRows + ")");
    } catch (Throwable fault) {
      note(fault);
      return fallback.decide(nowNanos, lane, maxBatchRows);
    }
  }

  private boolean isDead(Entry<T> entry, long nowNanos) {
    return entry.isExpired(nowNanos) || isSettled(entry.item());
  }

  /** Lets a dead entry go: answers it if it died of its deadline, else somebody has done so. */
  private void drop(Entry<T> entry, long nowNanos) {
    boolean expired = entry.isExpired(nowNanos);
    T item = entry.item();
    forget(entry);
    if (expired) {
      reject(item, Rejection.EXPIRED);
    }
  }

  /** Ends the queue's interest in an entry that has left its lane. */
  private void forget(Entry<T> entry) {
    freedRows += entry.weight();
    freedBytes += entry.bytes();
    pool.recycle(entry);
  }

  private void countOut() {
    if (freedRows > 0) {
      counts.release(freedRows, freedBytes);
      freedRows = 0;
      freedBytes = 0;
    }
  }

  /** An item that throws here is dropped: whether it was claimed, only the item could say. */
  private boolean claim(T item) {
    try {
      return item.claim();
    } catch (Throwable fault) {
      note(fault);
      return false;
    }
  }

  private boolean reject(T item, Rejection rejection) {
    try {
      return item.reject(rejection);
    } catch (Throwable fault) {
      note(fault);
      return false;
    }
  }

  private boolean isSettled(T item) {
    try {
      return item.isSettled();
    } catch (Throwable fault) {
      note(fault);
      return true;
    }
  }

  /** Written by the leader only, so the increment needs no more than visibility. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void note(Throwable fault) {
    lastFault = fault;
    faults++;
  }
}
