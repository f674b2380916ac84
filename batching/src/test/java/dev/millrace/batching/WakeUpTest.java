// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Single items, each offered when the one before has completed: there is nobody to make good for a
 * wake-up that is lost, so the first one lost is a test that hangs.
 */
class WakeUpTest {

  @ParameterizedTest
  @CsvSource({"1, 200000", "2, 60000", "4, 30000"})
  @Timeout(60)
  void losesNoWakeUp(int replicaCount, int items) {
    BatchQueue<TestItem> queue =
        new BatchQueue<>(new QueueLimits(4, 4, 64, 4), BatchPolicy.greedy(), () -> 0);
    AtomicLong completed = new AtomicLong();
    try (Replicas replicas = new Replicas()) {
      for (int i = 0; i < replicaCount; i++) {
        replicas.take(queue, batch -> completed.addAndGet(batch.items().size()));
      }

      long stuckNanos = TimeUnit.SECONDS.toNanos(5);
      for (int i = 1; i <= items; i++) {
        assertThat(queue.offer(item("ping"))).isNull();
        long offeredNanos = System.nanoTime();
        // Sometimes at once, sometimes only after the replica has had the time to park.
        for (int spins = 0; completed.get() < i; spins++) {
          if (spins > 100) {
            Replicas.letOthersRun();
          }
          if (System.nanoTime() - offeredNanos > stuckNanos) {
            throw new AssertionError("item " + i + " was never taken");
          }
        }
        for (int pause = i % 64; pause > 0; pause--) {
          Thread.onSpinWait();
        }
      }

      queue.close();
      replicas.join();
      assertThat(queue.queuedRows()).isZero();
    }
  }
}
