// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.InsufficientCapacityException;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;

/**
 * The hand-off from producers to the leader: a multi-producer Disruptor ring with one consuming
 * sequence. It is a doorway, not the queue: the leader moves everything into lanes and frees the
 * slots at once, so a long wait in a lane never blocks the ring.
 *
 * <p>{@link #tryPublish} and {@link #isEmpty} may be called from any thread, {@link #drainTo} by
 * the leader only. Which thread that is changes; the lead's release and acquire order their work.
 */
final class Ring<T extends Batchable> {

  private static final class Slot<T extends Batchable> {
    Entry<T> entry = new Entry<>();
  }

  private final RingBuffer<Slot<T>> slots;
  private final Sequence consumed = new Sequence();
  private final EntryPool<T> pool;

  Ring(int slotCount, EntryPool<T> pool) {
    this.pool = pool;
    // Nobody waits inside the ring (BatchQueue parks its leader itself), so the strategy is chosen
    // for what it does at publish: nothing. The default one takes a lock there, every time.
    this.slots = RingBuffer.createMultiProducer(Slot::new, slotCount, new BusySpinWaitStrategy());
    slots.addGatingSequences(consumed);
  }

  /** Hands an item over, or answers false if all slots are taken. Never waits. */
  boolean tryPublish(
      T item,
      Object laneKey,
      int rows,
      long bytes,
      long arrivalNanos,
      long deadlineNanos,
      long startByNanos,
      boolean delayable,
      long ticket) {
    long sequence;
    try {
      sequence = slots.tryNext();
    } catch (InsufficientCapacityException full) { // a shared instance without a stack trace
      return false;
    }
    // Only stores between claim and publish: a slot claimed and not published stops the ring.
    Entry<T> entry = slots.get(sequence).entry;
    entry.fill(
        item, laneKey, rows, bytes, arrivalNanos, deadlineNanos, startByNanos, delayable, ticket);
    slots.publish(sequence);
    return true;
  }

  /**
   * Whether the next slot holds nothing yet. A slot that is claimed and not yet published counts as
   * empty: its producer has its wake-up still to give.
   */
  boolean isEmpty() {
    return !slots.isAvailable(consumed.get() + 1);
  }

  /**
   * Moves what is published into lanes, at most one round so that eager producers cannot hold the
   * leader here. If an entry cannot be admitted (out of memory), it stays in its slot for the next
   * try.
   */
  void drainTo(LaneScheduler<T> scheduler) {
    long next = consumed.get() + 1;
    long end = next + slots.getBufferSize();
    try {
      while (next < end && slots.isAvailable(next)) {
        Slot<T> slot = slots.get(next);
        Entry<T> empty = pool.get();
        slot.entry.arrivedAs(next);
        scheduler.admit(slot.entry);
        slot.entry = empty;
        next++;
      }
    } finally {
      consumed.set(next - 1);
    }
  }
}
