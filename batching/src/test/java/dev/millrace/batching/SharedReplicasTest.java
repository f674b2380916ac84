// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.BatchPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replicas of one device: only so many run at a time, and the others are there when needed. */
@Timeout(60)
class SharedReplicasTest {
  private static final OptionalInt DEVICE = OptionalInt.of(0);

  private final AtomicLong nanoTime = new AtomicLong(1);
  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(
          new QueueLimits(1, 10_000, 1 << 20, 4096), BatchPolicy.none(), nanoTime::get);
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final Replicas threads = new Replicas();

  @AfterEach
  void endThreads() {
    threads.close();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(Replicas.TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<TestItem> offer(int count) {
    List<TestItem> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      TestItem item = item("i" + i);
      assertThat(queue.offer(item)).isNull();
      items.add(item);
    }
    return items;
  }

  private void run(Batch<TestItem> batch) {
    most.accumulateAndGet(running.incrementAndGet(), Math::max);
    Replicas.letOthersRun();
    running.decrementAndGet();
    batch.clear();
  }

  @Test
  void oneRunsAtATimeWhileNothingIsKnownOfTwo() {
    for (int i = 0; i < 4; i++) {
      threads.take(queue, DEVICE, this::run);
    }
    List<TestItem> items = offer(2000);
    queue.close();
    threads.join();

    assertThat(items).allMatch(TestItem::isSettled);
    assertThat(most).hasValue(1);
  }

  @Test
  void aReplicaThatHasFailedLeavesItsDeviceToOthers() {
    Batch<TestItem> failed = new Batch<>(DEVICE);
    Batch<TestItem> other = new Batch<>(DEVICE);
    offer(2);
    assertThat(queue.poll(failed)).isZero();
    assertThat(queue.poll(other)).isEqualTo(Long.MAX_VALUE);

    failed.end();

    assertThat(queue.poll(other)).isZero();
    assertThat(other.items()).hasSize(1);
  }

  @Test
  void aBatchKeepsTheObjectiveOfItsOwnLane() {
    Batch<TestItem> soon = new Batch<>(DEVICE);
    Batch<TestItem> late = new Batch<>(OptionalInt.of(1));
    assertThat(queue.offer(item("soon").due(1_001))).isNull();
    assertThat(queue.poll(soon)).isZero();
    assertThat(soon.objectiveNanos()).isEqualTo(1_000);
    assertThat(queue.offer(item("late").ofShape("other").due(9_001))).isNull();
    assertThat(queue.poll(late)).isZero();

    assertThat(soon.objectiveNanos()).isEqualTo(1_000);
  }

  @Test
  void eachDeviceHasARunOfItsOwn() {
    CountDownLatch both = new CountDownLatch(2);
    for (int i = 0; i < 4; i++) {
      threads.take(
          queue,
          OptionalInt.of(i % 2),
          batch -> {
            both.countDown();
            await(both);
            run(batch);
          });
    }
    offer(100);
    await(both);
    queue.close();
    threads.join();

    assertThat(queue.queuedRows()).isZero();
  }

  @Test
  void anotherTakesOverFromOneThatLeaves() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    Thread first =
        threads.start(
            () -> {
              Batch<TestItem> batch = new Batch<>(DEVICE);
              assertThat(queue.take(batch)).isTrue();
              begun.countDown();
              await(leave);
              Thread.currentThread().interrupt();
              assertThat(queue.take(batch)).isFalse();
            });
    List<TestItem> items = offer(1);
    await(begun);
    threads.take(queue, DEVICE, this::run);
    items.addAll(offer(10));

    leave.countDown();
    assertThat(joined(first)).isTrue();
    queue.close();
    threads.join();

    assertThat(items).allMatch(TestItem::isSettled);
  }

  @Test
  void anotherTakesOverFromOneThatHangs() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch ran = new CountDownLatch(10);
    threads.take(
        queue,
        DEVICE,
        batch -> {
          begun.countDown();
          await(end);
        });
    offer(1);
    await(begun);
    threads.take(
        queue,
        DEVICE,
        batch -> {
          run(batch);
          ran.countDown();
        });
    offer(10);
    nanoTime.addAndGet(10_000_000_000L);
    while (ran.getCount() > 0) {
      queue.sweep(); // as the janitor does
      Replicas.letOthersRun();
    }

    end.countDown();
    queue.close();
    threads.join();
    assertThat(queue.queuedRows()).isZero();
  }

  @Test
  void whoStandsAsideLeavesWhenInterruptedAndWhenTheQueueIsClosed() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    threads.take(
        queue,
        DEVICE,
        batch -> {
          begun.countDown();
          await(end);
        });
    offer(1);
    await(begun);
    Thread second = threads.take(queue, DEVICE, this::run);
    Thread third = threads.take(queue, DEVICE, this::run);
    second.interrupt();
    assertThat(joined(second)).isTrue();

    queue.close();
    assertThat(joined(third)).isTrue();

    end.countDown();
    threads.join();
    assertThat(most).hasValue(0);
  }

  private static boolean joined(Thread thread) {
    try {
      return thread.join(Duration.ofSeconds(Replicas.TIMEOUT_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
