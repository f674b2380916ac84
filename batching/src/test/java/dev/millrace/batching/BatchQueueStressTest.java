// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Everything at once: producers, replicas, event loops that take for themselves, a canceller, a
 * janitor, deadlines that pass, a close in the middle. Whatever happened, at the end each item was
 * answered exactly once, nothing is counted and every thread has come home.
 */
@Timeout(60)
class BatchQueueStressTest {
  private static final int ITEMS_PER_PRODUCER = 12_000;

  private final AtomicLong nowNanos = new AtomicLong();
  private final AtomicInteger liveProducers = new AtomicInteger();
  private final ConcurrentLinkedQueue<TestItem> cancellable = new ConcurrentLinkedQueue<>();
  private final List<List<TestItem>> accepted = new ArrayList<>();
  private final AtomicLong run = new AtomicLong();

  @ParameterizedTest
  @CsvSource({
    // producers, of them inline, replicas, ring slots, shapes, queued rows, round
    "1, 0, 1, 64, 1, 200, 1",
    "2, 0, 1, 2, 3, 100, 2",
    "1, 0, 3, 64, 2, 400, 3",
    "3, 0, 4, 16, 4, 1000, 4",
    "4, 0, 2, 1024, 300, 5000, 5",
    "2, 1, 2, 64, 2, 300, 6",
    "2, 2, 0, 256, 3, 500, 7",
    "4, 0, 4, 1, 2, 50, 8",
    "1, 0, 4, 8, 1, 8, 9",
    "4, 2, 3, 128, 5, 2000, 10",
  })
  void answersEachItemExactlyOnce(
      int producers, int inline, int replicaCount, int ringSlots, int shapes, int rows, int round) {
    BatchQueue<TestItem> queue =
        new BatchQueue<>(
            new QueueLimits(6, rows, rows * 16L, ringSlots),
            BatchPolicy.greedy(),
            nowNanos::incrementAndGet);
    liveProducers.set(producers);
    CountDownLatch start = new CountDownLatch(1);
    try (Replicas threads = new Replicas()) {
      for (int i = 0; i < replicaCount; i++) {
        threads.take(queue, this::complete);
      }
      for (int i = 0; i < producers; i++) {
        List<TestItem> mine = new ArrayList<>();
        accepted.add(mine);
        SplittableRandom random = new SplittableRandom(round * 100L + i);
        boolean takesToo = i < inline;
        threads.start(
            () -> {
              awaitUninterruptibly(start);
              produce(queue, random, shapes, mine, takesToo);
            });
      }
      threads.start(() -> cancelSome(queue, new SplittableRandom(round)));
      threads.start(() -> sweepUntilDone(queue, inline > 0));

      start.countDown();
      threads.join();
    }

    assertThat(queue.queuedRows()).isZero();
    assertThat(queue.queuedBytes()).isZero();
    assertThat(queue.faults()).isZero();
    long items = accepted.stream().mapToLong(List::size).sum();
    assertThat(items).isPositive();
    assertThat(run.get()).isPositive();
    for (List<TestItem> mine : accepted) {
      for (TestItem item : mine) {
        if (item.completions() != 1) {
          throw new AssertionError(
              "completed " + item.completions() + " times: " + item.rejection() + item.isClaimed());
        }
      }
    }
  }

  private void produce(
      BatchQueue<TestItem> queue,
      SplittableRandom random,
      int shapes,
      List<TestItem> mine,
      boolean takesToo) {
    Batch<TestItem> batch = new Batch<>();
    for (int i = 0; i < ITEMS_PER_PRODUCER; i++) {
      TestItem item = randomItem(random, shapes);
      Rejection refusal = queue.offer(item);
      if (refusal == null) {
        mine.add(item);
        if (random.nextInt(8) == 0) {
          cancellable.add(item);
        }
      } else if (item.isSettled()) {
        throw new AssertionError("refused and touched");
      } else if (refusal == Rejection.QUEUE_ROWS || refusal == Rejection.RING_FULL) {
        Replicas.letOthersRun();
      }
      if (takesToo && random.nextInt(6) == 0) {
        takeAll(queue, batch);
      }
      if (random.nextInt(200) == 0) {
        LockSupport.parkNanos(20_000); // long enough for replicas to run dry and park
      }
    }
    if (takesToo) {
      takeAll(queue, batch);
    }
    if (liveProducers.decrementAndGet() == 0) {
      queue.close();
    }
  }

  private TestItem randomItem(SplittableRandom random, int shapes) {
    TestItem item =
        TestItem.item("i").ofShape(random.nextInt(shapes)).ofRows(random.nextInt(4)).ofBytes(8);
    if (random.nextInt(50) == 0) {
      item.ofRows(7);
    } else if (random.nextInt(20) == 0) {
      item.runningAlone();
    }
    return random.nextInt(3) == 0 ? item.due(nowNanos.get() + random.nextLong(3000)) : item;
  }

  private void takeAll(BatchQueue<TestItem> queue, Batch<TestItem> batch) {
    while (queue.tryTake(batch)) {
      complete(batch);
    }
  }

  private void complete(Batch<TestItem> batch) {
    int rows = 0;
    for (TestItem item : batch.items()) {
      item.complete();
      rows += item.rows();
    }
    if (batch.isEmpty() || rows != batch.rows() || (rows > 6 && batch.items().size() > 1)) {
      throw new AssertionError("a batch of " + batch.items().size() + ", " + rows + " rows");
    }
    run.addAndGet(batch.items().size());
  }

  private void cancelSome(BatchQueue<TestItem> queue, SplittableRandom random) {
    while (liveProducers.get() > 0 || !cancellable.isEmpty()) {
      TestItem item = cancellable.poll();
      if (item != null) {
        item.reject(Rejection.CLOSED);
      } else {
        LockSupport.parkNanos(1000 + random.nextInt(30_000));
      }
      if (queue.queuedRows() < 0 || queue.queuedBytes() < 0) {
        throw new AssertionError("counted below zero");
      }
    }
  }

  /** A janitor as a gateway has it: also tells event loops of what a sweep has kept from them. */
  private void sweepUntilDone(BatchQueue<TestItem> queue, boolean inline) {
    Batch<TestItem> batch = new Batch<>();
    while (liveProducers.get() > 0 || queue.queuedRows() > 0) {
      if (queue.sweep() && inline) {
        takeAll(queue, batch);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
