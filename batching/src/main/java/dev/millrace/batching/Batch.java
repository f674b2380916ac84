// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.RunsInFlight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Claimed items that run together. Owned by one replica and filled again by each {@link
 * BatchQueue#take}, so that taking a batch allocates nothing.
 */
public final class Batch<T extends Batchable> {
  private static final int NO_DEVICE = -1;

  private final ArrayList<T> items = new ArrayList<>();
  private final List<T> view = Collections.unmodifiableList(items);
  private final int device;

  /** Of a shared device: see {@link SharedDevice}. The leader's. */
  private final long[] nanosWith;

  /** Whether the device counts it among those that run; the leader's. */
  boolean onDevice;

  /** Whether it runs for so long that its replica is not counted on; the leader's. */
  boolean suspect;

  /** Who waits on the {@link Bench} for the device; null if nobody does. */
  volatile @Nullable Thread benched;

  private int rows;
  private int weight;
  private int bucket;
  private long takenNanos;
  private long expectedNanos;
  private long objectiveNanos = Long.MAX_VALUE;

  /** Written by the replica, taken by the leader. */
  private volatile long ranNanos;

  /** Written by the leader when it takes and by the replica when it is back. */
  private volatile boolean running;

  private volatile boolean gone;

  private Waiter waiter = new Waiter();

  /** Of a replica that disturbs no other. */
  public Batch() {
    this(OptionalInt.empty());
  }

  /**
   * Of a replica that may share its device with others of the queue.
   *
   * @param device its number, 0 or more; empty for a replica that disturbs no other
   */
  public Batch(OptionalInt device) {
    this.device = device.orElse(NO_DEVICE);
    this.nanosWith = new long[device.isPresent() ? RunsInFlight.LENGTH : 0];
  }

  /** Whether other replicas may be on its device, too. */
  boolean sharesDevice() {
    return device != NO_DEVICE;
  }

  int device() {
    return device;
  }

  /** The time it spent with how many on its device, once it has ended. */
  long[] nanosWith() {
    return nanosWith;
  }

  /** Whether nothing of it is on its device any more, though its replica may not be back yet. */
  boolean hasEnded() {
    return ranNanos > 0 || !running;
  }

  /** When it ended, as far as is known: else when it was taken. */
  long endNanos() {
    return takenNanos + ranNanos;
  }

  /** The items in the order in which they run; valid until the next take. */
  public List<T> items() {
    return view;
  }

  /** Rows of all items together. */
  public int rows() {
    return rows;
  }

  /** When the batch was closed, on the queue's clock. */
  public long takenNanos() {
    return takenNanos;
  }

  public boolean isEmpty() {
    return items.isEmpty();
  }

  /**
   * The batch has run, without failure: the queue learns from it at the next take.
   *
   * @param nanos from when it was taken until its answers were ready
   */
  public void ran(long nanos) {
    ranNanos = nanos;
  }

  /** Within which time half of those like it want their answers; Long.MAX_VALUE if none does. */
  long objectiveNanos() {
    return objectiveNanos;
  }

  void aimAt(long objective) {
    objectiveNanos = objective;
  }

  /** How long it is expected to take; 0 if nothing is known yet. */
  public long expectedNanos() {
    return expectedNanos;
  }

  void add(T item, int itemRows, int itemWeight, int costBucket) {
    if (items.isEmpty()) {
      bucket = costBucket;
    }
    items.add(item);
    rows += itemRows;
    weight += itemWeight;
  }

  /** Rows that count for its cost, at least 1. */
  int weight() {
    return weight;
  }

  /** Where its cost is learned. */
  int bucket() {
    return bucket;
  }

  /** What is to be learned of the run before; 0 for nothing. Asked once. */
  long ranNanos() {
    long ran = ranNanos;
    ranNanos = 0;
    return ran;
  }

  boolean isRunning() {
    return running;
  }

  /** The replica asks for its next batch. */
  void isBack() {
    running = false;
    gone = false;
  }

  /** Its replica has failed: nothing of it runs, and no further batch is asked for. */
  public void end() {
    clear();
    running = false;
    gone = true;
  }

  /** The replica asks for no further batch. */
  void leave() {
    gone = true;
  }

  boolean isGone() {
    return gone;
  }

  /** The place in the line of idle replicas; here because a batch has one owner and is reused. */
  Waiter waiter() {
    return waiter;
  }

  /** Replaces a waiter that was left behind on an idle stack. */
  void renewWaiter() {
    waiter = new Waiter();
  }

  void taken(long nanos, long expected) {
    takenNanos = nanos;
    expectedNanos = expected;
    running = true;
  }

  /** Forgets the items, so that a waiting replica keeps none of them alive. */
  public void clear() {
    items.clear();
    rows = 0;
  }

  /** Makes room for the next batch; what is to be learned has been. */
  void begin() {
    clear();
    weight = 0;
  }
}
