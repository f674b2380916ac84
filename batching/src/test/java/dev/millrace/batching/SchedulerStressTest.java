// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.SlackPull;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@link BatchQueueStressTest} with all that the scheduler adds: real time, replicas that take some
 * and are learned from, deadlines that are shed for and refused for, tenants, priorities. Whatever
 * was decided, each item ends exactly once and nothing is counted at the end.
 */
@Timeout(60)
class SchedulerStressTest {
  private static final int ITEMS_PER_PRODUCER = 6_000;

  private final AtomicInteger liveProducers = new AtomicInteger();
  private final ConcurrentLinkedQueue<TestItem> cancellable = new ConcurrentLinkedQueue<>();
  private final List<List<TestItem>> accepted = new ArrayList<>();
  private final AtomicLong run = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  @ParameterizedTest
  @CsvSource({
    // producers, of them inline, replicas, devices that they share (0 for none), run in
    // microseconds, most deadline in microseconds
    "1, 0, 2, 0, 50, 5000",
    "2, 0, 3, 0, 200, 3000",
    "3, 0, 4, 0, 20, 1000",
    "2, 1, 2, 0, 50, 2000",
    "3, 0, 2, 0, 500, 1000",
    "2, 0, 4, 1, 50, 3000",
    "3, 0, 5, 2, 20, 1000",
    "2, 1, 3, 1, 100, 2000",
  })
  void eachItemEndsExactlyOnce(
      int producers, int inline, int replicaCount, int devices, int runMicros, int deadlineMicros) {
    BatchQueue<TestItem> queue =
        new BatchQueue<>(
            new QueueLimits(16, 2000, 1 << 20, 256, 50_000_000),
            new Fairness(new double[] {1, 2, 0.5}),
            new SlackPull(),
            System::nanoTime);
    liveProducers.set(producers);
    try (Replicas threads = new Replicas()) {
      for (int i = 0; i < replicaCount; i++) {
        SplittableRandom random = new SplittableRandom(1000 + i);
        OptionalInt device = devices == 0 ? OptionalInt.empty() : OptionalInt.of(i % devices);
        threads.take(queue, device, batch -> run(batch, runMicros, random));
      }
      for (int i = 0; i < producers; i++) {
        List<TestItem> mine = new ArrayList<>();
        accepted.add(mine);
        SplittableRandom random = new SplittableRandom(i);
        boolean takesToo = i < inline;
        threads.start(() -> produce(queue, random, deadlineMicros, mine, takesToo));
      }
      threads.start(() -> cancelSome(new SplittableRandom(99)));
      threads.start(() -> sweepUntilDone(queue, inline > 0));

      threads.join();
    }

    assertThat(queue.queuedRows()).isZero();
    assertThat(queue.queuedBytes()).isZero();
    assertThat(queue.admission().classedWork()).isZero();
    assertThat(queue.lastFault()).isEmpty();
    assertThat(run.get()).isPositive();
    assertThat(queue.report().batches()).isPositive();
    for (List<TestItem> mine : accepted) {
      assertThat(mine).allMatch(item -> item.completions() == 1);
    }
    long items = accepted.stream().mapToLong(List::size).sum();
    assertThat(items + refused.get()).isEqualTo((long) producers * ITEMS_PER_PRODUCER);
  }

  private void produce(
      BatchQueue<TestItem> queue,
      SplittableRandom random,
      int deadlineMicros,
      List<TestItem> mine,
      boolean takesToo) {
    Batch<TestItem> batch = new Batch<>();
    SplittableRandom runs = random.split();
    for (int i = 0; i < ITEMS_PER_PRODUCER; i++) {
      TestItem item = randomItem(random, deadlineMicros);
      if (queue.offer(item) == null) {
        mine.add(item);
        if (random.nextInt(8) == 0) {
          cancellable.add(item);
        }
      } else {
        refused.incrementAndGet();
        if (item.isSettled()) {
          throw new AssertionError("refused and touched");
        }
      }
      if (takesToo && random.nextInt(6) == 0) {
        takeAll(queue, batch, runs);
      }
      if (random.nextInt(20) == 0) {
        LockSupport.parkNanos(random.nextInt(100_000)); // some traffic, and some pauses
      }
    }
    if (takesToo) {
      takeAll(queue, batch, runs);
    }
    if (liveProducers.decrementAndGet() == 0) {
      queue.close();
    }
  }

  private static TestItem randomItem(SplittableRandom random, int deadlineMicros) {
    int shape = random.nextInt(3);
    TestItem item =
        TestItem.item("i")
            .ofShape(shape)
            .ofRowSize(1L << (4 * shape))
            .ofRows(random.nextInt(4))
            .ofTenant(random.nextInt(4))
            .ofPriority(random.nextInt(3));
    if (random.nextInt(30) == 0) {
      item.runningAlone();
    }
    return random.nextInt(4) == 0
        ? item
        : item.due(System.nanoTime() + 1000L * random.nextInt(1, deadlineMicros));
  }

  private void takeAll(BatchQueue<TestItem> queue, Batch<TestItem> batch, SplittableRandom random) {
    while (queue.tryTake(batch)) {
      run(batch, 10, random);
    }
  }

  private void run(Batch<TestItem> batch, int mostMicros, SplittableRandom random) {
    long start = System.nanoTime();
    long end = start + 1000L * random.nextInt(mostMicros) + 500L * batch.rows();
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    if (batch.isEmpty() || (batch.rows() > 16 && batch.items().size() > 1)) {
      throw new AssertionError("a batch of " + batch.items().size() + ", " + batch.rows());
    }
    batch.items().forEach(TestItem::complete);
    run.addAndGet(batch.items().size());
    if (random.nextInt(10) > 0) { // some fail
      batch.ran(System.nanoTime() - start);
    }
  }

  private void cancelSome(SplittableRandom random) {
    while (liveProducers.get() > 0 || !cancellable.isEmpty()) {
      TestItem item = cancellable.poll();
      if (item != null) {
        item.reject(Rejection.CLOSED);
      } else {
        LockSupport.parkNanos(1000 + random.nextInt(30_000));
      }
    }
  }

  private void sweepUntilDone(BatchQueue<TestItem> queue, boolean inline) {
    Batch<TestItem> batch = new Batch<>();
    SplittableRandom random = new SplittableRandom(5);
    while (liveProducers.get() > 0 || queue.queuedRows() > 0) {
      if (queue.sweep() && inline) {
        takeAll(queue, batch, random);
      }
      LockSupport.parkNanos(50_000);
    }
  }
}
