// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import dev.millrace.batching.cost.Curve;
import java.util.ArrayList;
import java.util.List;

/** A queue with one lane as a policy sees it, all of it chosen by a test. */
final class FakeQueue implements QueueView, LaneView {
  private record Item(long arrivalNanos, long deadlineNanos, int rows) {}

  private final Curve cost;
  private final List<Item> items = new ArrayList<>();
  private final List<Long> busyUntil = new ArrayList<>();
  private int maxBatchRows = 64;
  private int replicas = 1;
  private double rowsPerNano;
  private double marginalLoad;
  private long objectiveNanos = Long.MAX_VALUE;
  private long sinceLastBatchNanos;
  private boolean mayWait = true;
  private boolean alone;
  private boolean byPriority;
  private int looks;

  FakeQueue(Curve cost) {
    this.cost = cost;
  }

  FakeQueue item(long arrivalNanos, long deadlineNanos, int rows) {
    items.add(new Item(arrivalNanos, deadlineNanos, rows));
    if (deadlineNanos != Long.MAX_VALUE) {
      objectiveNanos = Math.min(objectiveNanos, Math.max(0, deadlineNanos - arrivalNanos));
    }
    return this;
  }

  /** Single rows that have arrived at a time and have a deadline, Long.MAX_VALUE for none. */
  FakeQueue items(int count, long arrivalNanos, long deadlineNanos) {
    for (int i = 0; i < count; i++) {
      item(arrivalNanos, deadlineNanos, 1);
    }
    return this;
  }

  FakeQueue ofBatchesUpTo(int rows) {
    maxBatchRows = rows;
    return this;
  }

  /** Replicas that serve; those that are busy are so until a time. */
  FakeQueue replicas(int serving, long... busyUntilNanos) {
    replicas = serving;
    busyUntil.clear();
    for (long until : busyUntilNanos) {
      busyUntil.add(until);
    }
    return this;
  }

  /** Rows come so fast, and cost what the lane's curve says. */
  FakeQueue arriving(double rowsPerSecond) {
    rowsPerNano = rowsPerSecond * 1e-9;
    marginalLoad = rowsPerNano * cost.beta();
    return this;
  }

  FakeQueue sinceLastBatch(long nanos) {
    sinceLastBatchNanos = nanos;
    return this;
  }

  FakeQueue onAnEventLoop() {
    mayWait = false;
    return this;
  }

  FakeQueue runningAlone() {
    alone = true;
    return this;
  }

  FakeQueue orderedByPriority() {
    byPriority = true;
    return this;
  }

  void shed(int count) {
    items.subList(0, count).clear();
  }

  /** How often an item was looked at. */
  int looks() {
    return looks;
  }

  /** Everything there is to see, for comparison. */
  String shown() {
    return items
        + " "
        + busyUntil
        + replicas
        + rowsPerNano
        + objectiveNanos
        + mayWait
        + alone
        + byPriority;
  }

  @Override
  public LaneView lane() {
    return this;
  }

  @Override
  public int maxBatchRows() {
    return maxBatchRows;
  }

  @Override
  public int replicas() {
    return replicas;
  }

  @Override
  public int busy() {
    return busyUntil.size();
  }

  @Override
  public long busyUntilNanos(int index) {
    return busyUntil.get(index);
  }

  @Override
  public double arrivalRate() {
    return rowsPerNano;
  }

  @Override
  public double marginalLoad() {
    return marginalLoad;
  }

  @Override
  public long sinceLastBatchNanos() {
    return sinceLastBatchNanos;
  }

  @Override
  public boolean mayWait() {
    return mayWait;
  }

  @Override
  public int items() {
    return items.size();
  }

  @Override
  public int rows() {
    return items.stream().mapToInt(Item::rows).sum();
  }

  @Override
  public long arrivalNanos(int index) {
    looks++;
    return items.get(index).arrivalNanos();
  }

  @Override
  public long deadlineNanos(int index) {
    looks++;
    return items.get(index).deadlineNanos();
  }

  @Override
  public int rows(int index) {
    looks++;
    return items.get(index).rows();
  }

  @Override
  public boolean runsAlone() {
    return alone;
  }

  @Override
  public boolean isByPriority() {
    return byPriority;
  }

  @Override
  public Curve cost() {
    return cost;
  }

  @Override
  public long objectiveNanos() {
    return objectiveNanos;
  }
}
