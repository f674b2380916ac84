// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Producers that take their batches themselves, beside replica threads that sleep. */
@Timeout(60)
class LentLeadTest {
  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(new QueueLimits(4, 10_000, 1_000_000, 1024), BatchPolicy.greedy(), () -> 0);
  private final BlockingQueue<List<TestItem>> threadRuns = new LinkedBlockingQueue<>();
  private final Batch<TestItem> batch = new Batch<>();
  private final Replicas replicas = new Replicas();

  @AfterEach
  void stop() {
    replicas.close();
  }

  private Thread sleepingReplica() {
    Thread replica =
        replicas.start(
            () -> {
              Batch<TestItem> own = new Batch<>();
              while (queue.take(own)) {
                threadRuns.add(List.copyOf(own.items()));
                own.items().forEach(TestItem::complete);
              }
            });
    await().until(() -> replica.getState() == Thread.State.WAITING);
    return replica;
  }

  @Test
  void takesUnderTheLeadOfASleepingReplicaWithoutWakingIt() {
    Thread replica = sleepingReplica();

    assertThat(queue.offerQuietly(item("a"), 0)).isNull();
    assertThat(replica.getState()).isEqualTo(Thread.State.WAITING);
    assertThat(queue.tryTake(batch)).isTrue();

    assertThat(batch.items()).hasSize(1);
    assertThat(queue.tryTake(batch)).isFalse();
    assertThat(replica.getState()).isEqualTo(Thread.State.WAITING);
    assertThat(threadRuns).isEmpty();
  }

  @Test
  void leavesToTheReplicaWhatItIsWokenFor() throws InterruptedException {
    sleepingReplica();
    for (int i = 0; i < 6; i++) {
      queue.offerQuietly(item("i" + i), 0);
    }
    assertThat(queue.tryTake(batch)).isTrue();
    assertThat(batch.rows()).isEqualTo(4);

    queue.wake();

    assertThat(threadRuns.take()).hasSize(2);
  }

  @Test
  void stillWakesTheReplicaForAnOrdinaryOffer() throws InterruptedException {
    sleepingReplica();
    queue.offerQuietly(item("a"), 0);
    queue.tryTake(batch);
    queue.tryTake(batch);

    queue.offer(item("b"));

    assertThat(threadRuns.take()).hasSize(1);
  }

  @Test
  void letsTheReplicaEndAfterItsLeadWasLent() {
    sleepingReplica();
    queue.offerQuietly(item("a"), 0);
    queue.tryTake(batch);

    queue.close();

    replicas.join();
  }

  @Test
  void takesWithoutAnyReplicaThread() {
    queue.offerQuietly(item("a"), 0);

    assertThat(queue.tryTake(batch)).isTrue();
    assertThat(queue.tryTake(batch)).isFalse();
  }

  /** Every item is claimed once, whoever comes first, and everybody can go at the end. */
  @ParameterizedTest
  @CsvSource({"1, 1, 0", "2, 1, 0", "2, 2, 0", "2, 1, 1", "3, 2, 1"})
  void losesNothing(int loops, int threads, int wakers) {
    int each = 20_000;
    AtomicInteger done = new AtomicInteger();
    AtomicInteger producing = new AtomicInteger(loops + wakers);
    for (int i = 0; i < threads; i++) {
      replicas.start(
          () -> {
            Batch<TestItem> own = new Batch<>();
            while (queue.take(own)) {
              own.items().forEach(TestItem::complete);
              done.addAndGet(own.items().size());
            }
          });
    }
    for (int i = 0; i < loops; i++) {
      replicas.start(
          () -> {
            Batch<TestItem> own = new Batch<>();
            for (int n = 0; n < each; n++) {
              while (queue.offerQuietly(item("q"), 0) != null) {
                queue.wake();
                Replicas.letOthersRun();
              }
              if (n % 3 == 0) {
                while (queue.tryTake(own)) {
                  own.items().forEach(TestItem::complete);
                  done.addAndGet(own.items().size());
                }
              } else if (n % 7 == 0) {
                queue.wake();
              }
            }
            queue.wake();
            producing.decrementAndGet();
          });
    }
    for (int i = 0; i < wakers; i++) {
      replicas.start(
          () -> {
            for (int n = 0; n < each; n++) {
              while (queue.offer(item("w")) != null) {
                Replicas.letOthersRun();
              }
            }
            producing.decrementAndGet();
          });
    }
    await().until(() -> producing.get() == 0);
    await().untilAsserted(() -> assertThat(done).hasValue((loops + wakers) * each));
    assertThat(queue.queuedRows()).isZero();
    queue.close();
    replicas.join();
  }
}
