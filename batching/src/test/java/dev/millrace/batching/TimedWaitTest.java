// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.Decision;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A replica that waits for more, as its policy has it. The queue's clock is set by hand. */
@Timeout(60)
class TimedWaitTest {
  private static final QueueLimits LIMITS = new QueueLimits(8, 100_000, 1L << 30, 1024);
  private static final long WAIT = 1000_000_000_000L;

  /** Pairs; one row waits until its time has come. */
  private static final BatchPolicy PAIRS =
      (now, queue) -> {
        long until = queue.lane().arrivalNanos(0) + WAIT;
        return queue.lane().rows() >= 2 || !queue.mayWait() || now >= until
            ? Decision.run(2)
            : Decision.waitUntil(until);
      };

  private final AtomicLong nowNanos = new AtomicLong();
  private final BatchQueue<TestItem> queue = new BatchQueue<>(LIMITS, PAIRS, nowNanos::get);
  private final BlockingQueue<List<String>> runs = new LinkedBlockingQueue<>();
  private final Replicas replicas = new Replicas();

  @AfterEach
  void stop() {
    replicas.close();
  }

  private Thread replica() {
    return replicas.take(
        queue,
        batch -> {
          runs.add(batch.items().stream().map(TestItem::toString).toList());
          batch.items().forEach(TestItem::complete);
        });
  }

  /** A replica that waits for the second of a pair. */
  private Thread waitingReplica(TestItem first) {
    Thread replica = replica();
    assertThat(queue.offer(first)).isNull();
    await().until(() -> queue.report().waits() > 0);
    await().until(() -> replica.getState() == Thread.State.TIMED_WAITING);
    return replica;
  }

  private List<String> nextRun() throws InterruptedException {
    List<String> run = runs.poll(Replicas.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    assertThat(run).isNotNull();
    return run;
  }

  @Test
  void anOfferIsLookedAt() throws InterruptedException {
    waitingReplica(item("a"));

    assertThat(queue.offer(item("b"))).isNull();

    assertThat(nextRun()).containsExactly("a", "b");
  }

  @Test
  void theEndOfTheWaitRunsWhatThereIs() throws InterruptedException {
    waitingReplica(item("a"));
    assertThat(runs).isEmpty();

    nowNanos.set(WAIT);

    assertThat(nextRun()).containsExactly("a");
  }

  @Test
  void theCloseRunsWhatThereIsAndEndsTheReplica() throws InterruptedException {
    waitingReplica(item("a"));

    queue.close();

    assertThat(nextRun()).containsExactly("a");
    replicas.join();
  }

  @Test
  void anEventLoopTakesWhatIsWaitedWith() throws InterruptedException {
    waitingReplica(item("a"));
    Batch<TestItem> batch = new Batch<>();

    // the replica looks up now and then, and has its lead for itself meanwhile
    await().until(() -> queue.tryTake(batch));

    assertThat(batch.items()).hasToString("[a]");
    assertThat(queue.offer(item("b"))).isNull();
    assertThat(queue.offer(item("c"))).isNull();
    assertThat(nextRun()).containsExactly("b", "c");
  }

  @Test
  void whatIsCancelledIsNotWaitedWith() throws InterruptedException {
    TestItem cancelled = item("cancelled");
    waitingReplica(cancelled);

    cancelled.reject(Rejection.CLOSED);

    await().until(() -> queue.queuedRows() == 0);
    queue.offer(item("a"));
    queue.offer(item("b"));
    assertThat(nextRun()).containsExactly("a", "b");
  }

  @Test
  void whatExpiresMeanwhileIsAnsweredWithoutAJanitor() {
    TestItem expiring = item("expiring").due(10);
    waitingReplica(expiring);

    nowNanos.set(10);

    await().until(() -> expiring.completions() == 1);
    assertThat(expiring.rejection()).contains(Rejection.EXPIRED);
    await().until(() -> queue.queuedRows() == 0);
  }

  @Test
  void anInterruptLeavesTheWaitToTheNextReplica() throws InterruptedException {
    Thread first = waitingReplica(item("a"));
    first.interrupt();
    await().until(() -> !first.isAlive());
    replica();

    queue.offer(item("b"));

    assertThat(nextRun()).containsExactly("a", "b");
  }

  @Test
  void rejectingAllEndsTheWait() {
    TestItem rejected = item("a");
    waitingReplica(rejected);
    queue.close();

    queue.rejectAll(Rejection.CLOSED);

    replicas.join();
    assertThat(rejected.completions()).isOne();
    assertThat(queue.queuedRows()).isZero();
  }

  /** Items one by one, with a policy that waits or not as it likes. */
  @ParameterizedTest
  @CsvSource({"1, false", "2, false", "3, true"})
  void losesNoItemWhoeverWaits(int count, boolean inline) {
    SplittableRandom moods = new SplittableRandom(7); // the leader's
    BatchPolicy moody =
        (now, view) ->
            view.mayWait() && moods.nextBoolean()
                ? Decision.waitUntil(now + 1 + moods.nextInt(300_000))
                : Decision.run(1 + moods.nextInt(8));
    BatchQueue<TestItem> moodyQueue = new BatchQueue<>(LIMITS, moody, System::nanoTime);
    AtomicLong completed = new AtomicLong();
    for (int i = 0; i < count; i++) {
      replicas.take(moodyQueue, batch -> completed.addAndGet(batch.items().size()));
    }
    SplittableRandom random = new SplittableRandom(8);
    Batch<TestItem> own = new Batch<>();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
    long offered = 0;

    while (System.nanoTime() < end) {
      for (int burst = random.nextInt(1, 4); burst > 0; burst--) {
        assertThat(moodyQueue.offer(item("i"))).isNull();
        offered++;
      }
      if (inline && random.nextInt(4) == 0) {
        while (moodyQueue.tryTake(own)) {
          completed.addAndGet(own.items().size());
        }
      }
      long stuck = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
      while (completed.get() < offered) {
        Replicas.letOthersRun();
        assertThat(System.nanoTime()).as("stuck at %d", offered).isLessThan(stuck);
      }
    }

    moodyQueue.close();
    replicas.join();
    assertThat(moodyQueue.faults()).isZero();
    assertThat(moodyQueue.queuedRows()).isZero();
  }
}
