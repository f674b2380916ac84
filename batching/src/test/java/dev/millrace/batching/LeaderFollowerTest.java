// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.Decision;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LeaderFollowerTest {
  private record Run(Thread replica, List<String> names) {}

  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(new QueueLimits(4, 100, 10_000, 64), BatchPolicy.greedy(), () -> 0);
  private final BlockingQueue<Run> runs = new LinkedBlockingQueue<>();
  private final Semaphore finish = new Semaphore(0);
  private final Replicas replicas = new Replicas();

  @AfterEach
  void stop() {
    replicas.close();
  }

  @Test
  void wakesAParkedReplicaForAnItem() throws InterruptedException {
    Thread replica = idleReplica();

    offer("a");

    assertThat(nextRun()).isEqualTo(new Run(replica, List.of("a")));
  }

  @Test
  void passesTheLeadOnBeforeABatchRuns() throws InterruptedException {
    Thread first = idleReplica();
    Thread second = idleReplica();
    offer("a");
    assertThat(nextRun().replica()).isSameAs(first);

    offer("b"); // the first replica still runs "a"

    assertThat(nextRun()).isEqualTo(new Run(second, List.of("b")));
  }

  @Test
  void letsTheReplicaThatWentIdleLastLeadNext() throws InterruptedException {
    idleReplica();
    idleReplica();
    Thread last = idleReplica();
    offer("a"); // the leader takes it; the lead goes to the top of the stack
    nextRun();

    offer("b");

    assertThat(nextRun().replica()).isSameAs(last);
  }

  @Test
  void wakesTheNextReplicaAtOnceWhenMoreWaitsThanOneBatchHolds() throws InterruptedException {
    // Nothing is taken until all is offered: two replicas come when nine rows wait.
    for (int i = 0; i < 9; i++) {
      offer("i" + i);
    }
    replica();
    replica();
    replica();

    assertThat(
            List.of(nextRun().names().size(), nextRun().names().size(), nextRun().names().size()))
        .containsExactlyInAnyOrder(4, 4, 1);
  }

  @Test
  void makesTheNextBatchOfWhatArrivesWhileAllReplicasRun() throws InterruptedException {
    idleReplica();
    offer("a");
    nextRun();
    offer("b");
    offer("c");
    offer("d");

    finish.release();

    assertThat(nextRun().names()).containsExactly("b", "c", "d");
  }

  @Test
  void keepsAReplicaParkedWhenAllThatWaitedWasCancelled() throws InterruptedException {
    TestItem cancelled = item("cancelled");
    cancelled.reject(Rejection.CLOSED);
    Thread replica = idleReplica();

    assertThat(queue.offer(cancelled)).isNull();

    await().until(() -> queue.queuedRows() == 0);
    awaitParked(replica);
    offer("a");
    assertThat(nextRun().names()).containsExactly("a");
  }

  @Test
  void handsBackTheLeadOfAnInterruptedLeader() throws InterruptedException {
    Thread leader = idleReplica();
    Thread follower = idleReplica();

    leader.interrupt();
    leader.join();
    offer("a");

    assertThat(nextRun().replica()).isSameAs(follower);
  }

  @Test
  void passesByAnInterruptedFollower() throws InterruptedException {
    Thread leader = idleReplica();
    Thread below = idleReplica();
    Thread gone = idleReplica();
    gone.interrupt();
    gone.join();
    offer("a");
    assertThat(nextRun().replica()).isSameAs(leader);

    offer("b");

    assertThat(nextRun().replica()).isSameAs(below);
  }

  @Test
  void usesABatchAgainAfterAnInterruptedWait() throws InterruptedException {
    idleReplica();
    Batch<TestItem> batch = new Batch<>();
    CountDownLatch interrupted = new CountDownLatch(1);
    Thread follower =
        replicas.start(
            () -> {
              assertThat(queue.take(batch)).isFalse();
              assertThat(Thread.interrupted()).isTrue();
              interrupted.countDown();
              assertThat(queue.take(batch)).isTrue();
              runs.add(new Run(Thread.currentThread(), List.of("again")));
            });
    awaitParked(follower);
    follower.interrupt();
    interrupted.await();
    awaitParked(follower);

    offer("a");
    nextRun();
    offer("b");

    assertThat(nextRun()).isEqualTo(new Run(follower, List.of("again")));
  }

  @Test
  void wakesAllReplicasWhenItCloses() {
    idleReplica();
    idleReplica();
    idleReplica();

    queue.close();

    replicas.join();
  }

  @Test
  void endsBusyReplicasWhenTheyComeBackToAClosedQueue() throws InterruptedException {
    idleReplica();
    idleReplica();
    offer("a");
    nextRun();
    queue.close();

    finish.release();

    replicas.join();
  }

  @Test
  void leavesNothingToAnEventLoopWhileAReplicaLeads() throws InterruptedException {
    idleReplica();
    Batch<TestItem> batch = new Batch<>();

    assertThat(queue.tryTake(batch)).isFalse();
    assertThat(queue.sweep()).isFalse();

    offer("a");
    assertThat(nextRun().names()).containsExactly("a");
  }

  @Test
  void handsWhatAnEventLoopLeavesToAReplicaThatCameMeanwhile() throws Exception {
    CyclicBarrier inPolicy = new CyclicBarrier(2);
    BatchQueue<TestItem> gated =
        new BatchQueue<>(
            new QueueLimits(1, 100, 10_000, 64),
            (now, queue) -> {
              if (Thread.currentThread().getName().equals("event loop")) {
                meet(inPolicy);
                meet(inPolicy);
              }
              return Decision.run(1);
            },
            () -> 0);
    assertThat(gated.offer(item("a"))).isNull();
    assertThat(gated.offer(item("b"))).isNull();
    Thread eventLoop =
        replicas.start(
            () -> {
              Thread.currentThread().setName("event loop");
              Batch<TestItem> batch = new Batch<>();
              assertThat(gated.tryTake(batch)).isTrue();
            });
    meet(inPolicy);
    Thread replica = replicas.take(gated, this::run);
    awaitParked(replica);
    meet(inPolicy);

    assertThat(nextRun()).isEqualTo(new Run(replica, List.of("b")));
    eventLoop.join();
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Thread replica() {
    return replicas.take(queue, this::run);
  }

  /** A replica that has found nothing to do and sleeps. */
  private Thread idleReplica() {
    Thread replica = replica();
    awaitParked(replica);
    return replica;
  }

  private static void awaitParked(Thread thread) {
    await().until(() -> thread.getState() == Thread.State.WAITING);
  }

  private void run(Batch<TestItem> batch) {
    runs.add(
        new Run(Thread.currentThread(), batch.items().stream().map(TestItem::toString).toList()));
    finish.acquireUninterruptibly();
  }

  private Run nextRun() throws InterruptedException {
    Run run = runs.poll(10, TimeUnit.SECONDS);
    if (run == null) {
      throw new AssertionError("no batch runs");
    }
    return run;
  }

  private void offer(String name) {
    assertThat(queue.offer(item(name))).isNull();
  }
}
