// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A rough measure of what the queue itself costs, for the record in docs/adr; not a test. Prints
 * the best of several runs, so that a shared machine disturbs less.
 */
final class QueueCost {
  private static final int RUNS = 12;
  private static final int ITEMS = 32 * 20_000;

  private QueueCost() {}

  public static void main(String[] args) throws InterruptedException {
    print("offer and take on one thread, rounds of 1", bestOf(() -> oneThread(1)));
    print("offer and take on one thread, rounds of 8", bestOf(() -> oneThread(8)));
    print("offer and take on one thread, rounds of 32", bestOf(() -> oneThread(32)));
    print("offer, one producer, nobody parked", bestOf(QueueCost::offerOnly));
    print("one producer to one busy replica", bestOf(QueueCost::acrossThreads));
    print("sweep of 16384 waiting, per item", bestOf(QueueCost::sweepOnly));
    print("offer to taken, replica parked", bestOf(QueueCost::wakeUp));
  }

  private interface Run {
    double nanosPerItem() throws InterruptedException;
  }

  private static double bestOf(Run run) throws InterruptedException {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < RUNS; i++) {
      best = Math.min(best, run.nanosPerItem());
    }
    return best;
  }

  private static void print(String what, double nanos) {
    System.out.printf("%-45s %8.1f ns%n", what, nanos);
  }

  private static BatchQueue<TestItem> queue() {
    return new BatchQueue<>(
        new QueueLimits(32, 1 << 20, 1L << 40, 1 << 14), BatchPolicy.greedy(), System::nanoTime);
  }

  private static TestItem[] items(int count) {
    TestItem[] items = new TestItem[count];
    for (int i = 0; i < count; i++) {
      items[i] = TestItem.item("i");
    }
    return items;
  }

  private static double oneThread(int round) {
    BatchQueue<TestItem> queue = queue();
    Batch<TestItem> batch = new Batch<>();
    TestItem[] items = items(round);
    long startNanos = System.nanoTime();
    for (int i = 0; i < ITEMS; i += round) {
      for (TestItem item : items) {
        item.reset();
        accepted(queue.offer(item));
      }
      while (queue.tryTake(batch)) {
        // claimed is all that counts here
      }
    }
    return (double) (System.nanoTime() - startNanos) / ITEMS;
  }

  private static double offerOnly() {
    TestItem[] items = items(1 << 14);
    BatchQueue<TestItem> queue = queue();
    long startNanos = System.nanoTime();
    for (TestItem item : items) {
      accepted(queue.offer(item));
    }
    return (double) (System.nanoTime() - startNanos) / items.length;
  }

  private static double sweepOnly() {
    BatchQueue<TestItem> queue = queue();
    TestItem[] items = items(1 << 14);
    for (TestItem item : items) {
      accepted(queue.offer(item));
    }
    queue.sweep();
    long startNanos = System.nanoTime();
    queue.sweep();
    return (double) (System.nanoTime() - startNanos) / items.length;
  }

  private static double acrossThreads() throws InterruptedException {
    BatchQueue<TestItem> queue = queue();
    TestItem[] items = items(ITEMS);
    Thread replica =
        Thread.ofPlatform()
            .start(
                () -> {
                  Batch<TestItem> batch = new Batch<>();
                  while (queue.take(batch)) {
                    // claimed is all that counts here
                  }
                });
    long startNanos = System.nanoTime();
    for (TestItem item : items) {
      while (queue.offer(item) != null) {
        Thread.onSpinWait();
      }
    }
    queue.close();
    replica.join();
    return (double) (System.nanoTime() - startNanos) / ITEMS;
  }

  private static double wakeUp() throws InterruptedException {
    BatchQueue<TestItem> queue = queue();
    AtomicLong takenNanos = new AtomicLong();
    Thread replica =
        Thread.ofPlatform()
            .start(
                () -> {
                  Batch<TestItem> batch = new Batch<>();
                  while (queue.take(batch)) {
                    takenNanos.set(System.nanoTime());
                  }
                });
    int count = 200;
    long sum = 0;
    for (int i = 0; i < count; i++) {
      LockSupport.parkNanos(300_000);
      takenNanos.set(0);
      long offeredNanos = System.nanoTime();
      accepted(queue.offer(TestItem.item("i")));
      while (takenNanos.get() == 0) {
        Thread.onSpinWait();
      }
      sum += takenNanos.get() - offeredNanos;
    }
    queue.close();
    replica.join();
    return (double) sum / count;
  }

  private static void accepted(@Nullable Rejection refusal) {
    if (refusal != null) {
      throw new AssertionError(refusal);
    }
  }
}
