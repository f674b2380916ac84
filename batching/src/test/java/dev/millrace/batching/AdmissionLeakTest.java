// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.SlackPull;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Offers, takes, cancels, sweeps and closes in any order: what is counted in is counted out. */
class AdmissionLeakTest {
  private static final long MILLIS = 1_000_000;
  private static final int STEPS = 20_000;

  private final SteppedQueue stepped =
      new SteppedQueue(new QueueLimits(8, 40, 600, 4), new SlackPull())
          .knowing(2 * MILLIS, MILLIS, 8);
  private final BatchQueue<TestItem> queue = stepped.queue;
  private final List<TestItem> accepted = new ArrayList<>();
  private final List<TestItem> waiting = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void nothingIsCountedWhenAllIsSettled(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Batch<TestItem>> batches = List.of(new Batch<>(), new Batch<>(), new Batch<>());

    for (int i = 0; i < STEPS; i++) {
      switch (random.nextInt(10)) {
        case 0, 1, 2, 3, 4 -> offer(random);
        case 5 -> poll(batches.get(random.nextInt(3)));
        case 6 -> take(batches.get(random.nextInt(3)));
        case 7 -> cancel(random);
        case 8 -> sweep();
        default -> stepped.nowNanos.addAndGet(random.nextLong(4 * MILLIS));
      }
      if (random.nextInt(2000) == 0) {
        queue.rejectAll(Rejection.CLOSED);
      }
      assertThat(queue.queuedRows()).isBetween(0, 40);
      assertThat(queue.queuedBytes()).isBetween(0L, 600L);
      assertThat(queue.admission().classedWork()).isNotNegative();
    }
    queue.close();
    if (random.nextBoolean()) {
      queue.rejectAll(Rejection.CLOSED);
    }
    Batch<TestItem> last = batches.getFirst();
    while (queue.poll(last) == 0) {
      complete(last);
    }

    assertThat(queue.queuedRows()).isZero();
    assertThat(queue.queuedBytes()).isZero();
    assertThat(queue.admission().classedWork()).isZero();
    assertThat(queue.faults()).isZero();
    assertThat(accepted).isNotEmpty().allMatch(item -> item.completions() == 1);
  }

  private void offer(SplittableRandom random) {
    long now = stepped.nowNanos.get();
    TestItem item =
        TestItem.item("i")
            .ofRows(random.nextInt(0, 10))
            .ofBytes(random.nextInt(50))
            .ofShape(random.nextInt(3))
            .ofTenant(random.nextInt(-1, 20))
            .ofPriority(random.nextInt(4));
    if (random.nextInt(4) > 0) {
      item.due(now + random.nextLong(60 * MILLIS));
    }
    if (random.nextInt(8) == 0) {
      item.startingBy(now + random.nextLong(20 * MILLIS));
    }
    if (random.nextInt(8) == 0) {
      item.delayable();
    }
    if (queue.offer(item) == null) {
      accepted.add(item);
      waiting.add(item);
    } else {
      assertThat(item.isSettled()).isFalse();
    }
  }

  private void poll(Batch<TestItem> batch) {
    if (queue.poll(batch) == 0) {
      complete(batch);
    }
  }

  private void take(Batch<TestItem> batch) {
    if (queue.tryTake(batch)) {
      complete(batch);
    }
  }

  private void complete(Batch<TestItem> batch) {
    batch.items().forEach(TestItem::complete);
    batch.ran(2 * MILLIS + MILLIS * batch.rows());
  }

  private void cancel(SplittableRandom random) {
    waiting.removeIf(TestItem::isSettled);
    if (!waiting.isEmpty()) {
      waiting.get(random.nextInt(waiting.size())).reject(Rejection.CLOSED);
    }
  }

  /** A sweep leaves what is alive, and counts nothing else. */
  private void sweep() {
    queue.sweep();
    waiting.removeIf(TestItem::isSettled);
    int rows = waiting.stream().mapToInt(item -> Math.max(1, item.rows())).sum();
    assertThat(queue.queuedRows()).isEqualTo(rows);
    assertThat(queue.queuedBytes()).isEqualTo(waiting.stream().mapToLong(TestItem::bytes).sum());
  }
}
