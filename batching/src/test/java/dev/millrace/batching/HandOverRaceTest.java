// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The narrow places of {@link BatchQueue}, one test each: two or three threads meet there again and
 * again, with nothing going on besides that would repair what they break.
 */
@Timeout(60)
class HandOverRaceTest {
  private static final long DURATION_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Replicas threads = new Replicas();
  private final SplittableRandom random = new SplittableRandom(42);
  private final AtomicLong claimed = new AtomicLong();
  private volatile BatchQueue<TestItem> current = queue();
  private final long endNanos = System.nanoTime() + DURATION_NANOS;

  @AfterEach
  void stop() {
    threads.close();
  }

  /** The next item comes when the last one is claimed: just when the lead is passed on. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void losesNoWakeUpWhileTheLeadIsPassedOn(int replicaCount) {
    BatchQueue<TestItem> queue = queue();
    for (int i = 0; i < replicaCount; i++) {
      threads.take(queue, batch -> {});
    }

    for (long items = 1; System.nanoTime() < endNanos; items++) {
      assertThat(queue.offer(new ClaimCounting())).isNull();
      long expected = items;
      waitFor(() -> claimed.get() == expected);
      pause(200);
    }

    queue.close();
    threads.join();
  }

  /** An event loop looks in just when a replica comes back: neither may forget the other. */
  @Test
  void leavesNoReplicaAsleepWithoutALeader() {
    BatchQueue<TestItem> queue = queue();
    threads.take(queue, batch -> {});
    Batch<TestItem> batch = new Batch<>();

    for (long items = 1; System.nanoTime() < endNanos; items++) {
      assertThat(queue.offer(new ClaimCounting())).isNull();
      long expected = items;
      waitFor(() -> claimed.get() == expected);
      for (int looks = random.nextInt(30); looks > 0; looks--) {
        assertThat(queue.tryTake(batch)).isFalse();
      }
    }

    queue.close();
    threads.join();
  }

  /** The clock is read after the ring and before the lead is free: here the other loop comes by. */
  @Test
  void looksAgainForWhatAnotherEventLoopLeftBehindDuringATake() {
    AtomicReference<Runnable> meanwhile = new AtomicReference<>();
    BatchQueue<TestItem> queue =
        new BatchQueue<>(
            new QueueLimits(4, 8, 64, 4),
            BatchPolicy.greedy(),
            () -> {
              Runnable once = meanwhile.getAndSet(null);
              if (once != null) {
                once.run();
              }
              return 0;
            });
    TestItem left = item("left");
    meanwhile.set(
        () -> {
          assertThat(queue.offer(left)).isNull();
          assertThat(queue.tryTake(new Batch<>())).isFalse();
        });
    Batch<TestItem> batch = new Batch<>();

    assertThat(queue.tryTake(batch)).isTrue();
    assertThat(batch.items()).containsExactly(left);
  }

  /** Two event loops, each with one item: whatever one finds taken by the other gets done. */
  @Test
  void leavesNoItemBetweenTwoEventLoops() {
    BatchQueue<TestItem> queue = queue();
    Batch<TestItem> batch = new Batch<>();
    Batch<TestItem> otherBatch = new Batch<>();
    Rounds rounds = new Rounds(() -> offerAndTakeAll(queue, otherBatch));

    while (System.nanoTime() < endNanos) {
      rounds.together(() -> offerAndTakeAll(queue, batch));
      assertThat(queue.queuedRows()).isZero();
    }
    rounds.stop();
  }

  /** An offer and the close at the same time: refused or run, and the replica comes home. */
  @Test
  void endsTheReplicaWhenAnOfferRacesWithTheClose() {
    AtomicLong refused = new AtomicLong();
    AtomicLong ended = new AtomicLong();
    Rounds rounds =
        new Rounds(
            () -> {
              if (current.offer(new ClaimCounting()) != null) {
                refused.incrementAndGet();
              }
            });
    Thread replica =
        threads.start(
            () -> {
              Batch<TestItem> batch = new Batch<>();
              while (!Thread.currentThread().isInterrupted()) {
                BatchQueue<TestItem> mine = current;
                while (mine.take(batch)) {
                  // claimed is all that counts here
                }
                ended.incrementAndGet();
                waitFor(() -> current != mine || Thread.currentThread().isInterrupted());
              }
            });

    for (long round = 1; System.nanoTime() < endNanos; round++) {
      BatchQueue<TestItem> queue = current;
      rounds.together(queue::close);
      long expected = round;
      waitFor(() -> ended.get() == expected);
      assertThat(claimed.get() + refused.get()).isEqualTo(round);
      assertThat(queue.queuedRows()).isZero();
      current = queue();
      pause(400);
    }
    rounds.stop();
    replica.interrupt();
    threads.join();
  }

  /** A second thread that does its part in each round at about the same time as the first. */
  private final class Rounds {
    private final AtomicLong started = new AtomicLong();
    private final AtomicLong done = new AtomicLong();
    private volatile boolean stopped;

    Rounds(Runnable otherPart) {
      SplittableRandom otherRandom = new SplittableRandom(43);
      threads.start(
          () -> {
            for (long round = 1; ; round++) {
              long expected = round;
              waitFor(() -> started.get() == expected || stopped);
              if (stopped) {
                return;
              }
              spin(otherRandom.nextInt(30));
              otherPart.run();
              done.set(round);
            }
          });
    }

    void together(Runnable part) {
      long round = started.incrementAndGet();
      pause(30);
      part.run();
      waitFor(() -> done.get() == round);
    }

    void stop() {
      stopped = true;
    }
  }

  private static void offerAndTakeAll(BatchQueue<TestItem> queue, Batch<TestItem> batch) {
    queue.offer(item("i"));
    while (queue.tryTake(batch)) {
      // claimed is all that counts here
    }
  }

  private static BatchQueue<TestItem> queue() {
    return new BatchQueue<>(new QueueLimits(4, 8, 64, 4), BatchPolicy.greedy(), () -> 0);
  }

  private void pause(int mostSpins) {
    spin(random.nextInt(mostSpins));
  }

  private static void spin(int spins) {
    for (int i = 0; i < spins; i++) {
      Thread.onSpinWait();
    }
  }

  private static void waitFor(BooleanSupplier condition) {
    long stuckAtNanos = System.nanoTime() + STUCK_NANOS;
    for (int spins = 0; !condition.getAsBoolean(); spins++) {
      if (spins > 200) {
        Replicas.letOthersRun();
      }
      if (System.nanoTime() > stuckAtNanos) {
        throw new AssertionError("stuck");
      }
    }
  }

  private final class ClaimCounting extends TestItem {
    ClaimCounting() {
      super("i");
    }

    @Override
    public boolean claim() {
      claimed.incrementAndGet();
      return super.claim();
    }
  }
}
