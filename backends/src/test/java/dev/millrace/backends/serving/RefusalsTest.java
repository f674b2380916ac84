// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Fairness;
import dev.millrace.batching.QueueLimits;
import dev.millrace.batching.Rejection;
import dev.millrace.batching.policy.BatchPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A row takes 10 ms, and nothing is gained by batches; five rows wait. */
@Timeout(30)
class RefusalsTest {
  private static final long NEVER = Long.MAX_VALUE;
  private static final long MILLI = 1_000_000;

  private final AtomicLong now = new AtomicLong(1000 * MILLI);
  private final BatchQueue<InferTask> queue =
      new BatchQueue<>(new QueueLimits(1, 1000, 1 << 20, 1024), BatchPolicy.greedy(), now::get);
  private final AtomicLong tenths = new AtomicLong(5);
  private final Refusals refusals =
      new Refusals("m", ModelManifest.DEFAULT, queue, now::get, () -> tenths.doubleValue() / 10);
  private final List<RecordedTask> made = new ArrayList<>();
  private ServedVersion served;

  @BeforeEach
  void fiveRowsWait() throws Exception {
    ScriptedBackend backend = new ScriptedBackend();
    served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, now::get),
                now::get)
            .load(
                new ModelArtifact("m", 1, Path.of("nowhere")), ListedRepository.MANIFEST, () -> {});
    for (int i = 0; i < 20; i++) {
      queue.seed(1, 1, 10 * MILLI);
    }
    for (int i = 0; i < 5; i++) {
      assertThat(queue.offer(task(NEVER))).isNull();
    }
  }

  @AfterEach
  void stop() throws Exception {
    made.forEach(task -> task.reject(Rejection.CLOSED)); // gives the leases back
    served.close(TimeUnit.SECONDS.toNanos(1));
  }

  private RecordedTask task(long deadlineNanos) throws Exception {
    assertThat(served.acquire()).isTrue();
    RecordedTask task = RecordedTask.of(served, deadlineNanos, 1);
    made.add(task);
    return task;
  }

  @Test
  void comeAgainWhenWhatWaitsHasBeenServed() throws Exception {
    assertThat(refusals.of(Rejection.OVERLOAD, task(NEVER)))
        .isEqualTo(
            new Failure(
                Failure.Kind.OVERLOADED,
                "model 'm': work for 50.0 ms waits (limit 10000.0 ms, max_queue_time)",
                50 * MILLI));
  }

  @Test
  void callersThatAreRefusedTogetherDoNotComeBackTogether() throws Exception {
    tenths.set(0);
    assertThat(refusals.of(Rejection.RING_FULL, task(NEVER)).retryAfterNanos())
        .isEqualTo(25 * MILLI);
    tenths.set(10);
    assertThat(refusals.of(Rejection.RING_FULL, task(NEVER)).retryAfterNanos())
        .isEqualTo(75 * MILLI);
  }

  @Test
  void doesNotInviteWhoWouldComeTooLate() throws Exception {
    long soonest = now.get() + (50 + 10) * MILLI;

    assertThat(refusals.of(Rejection.QUEUE_ROWS, task(soonest + 1)).retryAfterNanos())
        .isEqualTo(50 * MILLI);
    assertThat(refusals.of(Rejection.QUEUE_ROWS, task(soonest - MILLI)).retryAfterNanos())
        .isEqualTo(Failure.NOT_AGAIN);
  }

  @Test
  void neverAsksForLessThanAMillisecondOrMoreThanTwoSecondsOnAverage() throws Exception {
    for (int i = 0; i < 800; i++) {
      queue.offer(task(NEVER));
    }
    assertThat(refusals.of(Rejection.QUEUE_BYTES, task(NEVER)).retryAfterNanos())
        .isEqualTo(2000 * MILLI);

    queue.rejectAll(Rejection.CLOSED);
    assertThat(refusals.of(Rejection.QUEUE_BYTES, task(NEVER)).retryAfterNanos()).isEqualTo(MILLI);
  }

  @Test
  void namesValueAndLimit() throws Exception {
    RecordedTask task = task(now.get() + 4 * MILLI);

    assertThat(refusals.of(Rejection.INFEASIBLE, task).detail())
        .isEqualTo("model 'm': 4.0 ms to the deadline (a run takes 10.0 ms)");
    assertThat(refusals.of(Rejection.OVERLOAD, task).detail())
        .isEqualTo(
            "model 'm': more is asked for than can be answered in time: work for 50.0 ms waits"
                + " (4.0 ms to the deadline)");
    assertThat(refusals.of(Rejection.QUEUE_ROWS, task).detail())
        .isEqualTo("model 'm': 5 rows wait (limit 65536, max_queued_rows)");
    assertThat(refusals.of(Rejection.QUEUE_BYTES, task).detail())
        .isEqualTo("model 'm': 20 bytes wait (limit 1073741824, max_queued_bytes)");
  }
}
