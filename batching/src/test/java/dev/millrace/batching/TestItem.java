// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** An item with chosen properties that remembers what happened to it. */
class TestItem implements Batchable {
  private static final Object CLAIMED = "claimed";

  private final AtomicReference<Object> outcome = new AtomicReference<>();
  private final AtomicInteger completions = new AtomicInteger();
  private final String name;
  private int rows = 1;
  private long bytes = 8;
  private Object shapeKey = "shape";
  private long deadlineNanos = Long.MAX_VALUE;
  private long startByNanos = Long.MAX_VALUE;
  private boolean delayable;
  private int priority;
  private int tenant;
  private long rowSize = 1;
  private boolean batchable = true;

  TestItem(String name) {
    this.name = name;
  }

  static TestItem item(String name) {
    return new TestItem(name);
  }

  TestItem ofRows(int rows) {
    this.rows = rows;
    return this;
  }

  TestItem ofBytes(long bytes) {
    this.bytes = bytes;
    return this;
  }

  TestItem ofShape(Object shapeKey) {
    this.shapeKey = shapeKey;
    return this;
  }

  TestItem due(long deadlineNanos) {
    this.deadlineNanos = deadlineNanos;
    return this;
  }

  TestItem startingBy(long startByNanos) {
    this.startByNanos = startByNanos;
    return this;
  }

  TestItem delayable() {
    this.delayable = true;
    return this;
  }

  TestItem ofPriority(int priority) {
    this.priority = priority;
    return this;
  }

  TestItem ofTenant(int tenant) {
    this.tenant = tenant;
    return this;
  }

  TestItem ofRowSize(long rowSize) {
    this.rowSize = rowSize;
    return this;
  }

  TestItem runningAlone() {
    this.batchable = false;
    return this;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public Object shapeKey() {
    return shapeKey;
  }

  @Override
  public long deadlineNanos() {
    return deadlineNanos;
  }

  @Override
  public long startByNanos() {
    return startByNanos;
  }

  @Override
  public boolean isDelayable() {
    return delayable;
  }

  @Override
  public int priority() {
    return priority;
  }

  @Override
  public int tenant() {
    return tenant;
  }

  @Override
  public long rowSize() {
    return rowSize;
  }

  @Override
  public boolean batchable() {
    return batchable;
  }

  @Override
  public boolean claim() {
    return outcome.compareAndSet(null, CLAIMED);
  }

  @Override
  public boolean reject(Rejection rejection) {
    if (!outcome.compareAndSet(null, rejection)) {
      return false;
    }
    completions.incrementAndGet();
    return true;
  }

  @Override
  public boolean isSettled() {
    return outcome.get() != null;
  }

  /** What a replica does at the end of a run. */
  void complete() {
    completions.incrementAndGet();
  }

  int completions() {
    return completions.get();
  }

  boolean isClaimed() {
    return CLAIMED.equals(outcome.get());
  }

  Optional<Rejection> rejection() {
    return outcome.get() instanceof Rejection rejection ? Optional.of(rejection) : Optional.empty();
  }

  /** Makes the item new again, for tests that must not allocate. */
  void reset() {
    outcome.set(null);
  }

  @Override
  public String toString() {
    return name;
  }
}
