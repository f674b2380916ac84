// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.loadtest.load.Measurement.VariantResult;
import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.loadtest.workload.DeadlineShare;
import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server sees of the deadlines of a mix, and what becomes of those who have none. */
@Timeout(60)
final class DeadlinesTest {
  private static final long TIGHT = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long LOOSE = TimeUnit.SECONDS.toNanos(30);

  private static final Workload MIX =
      new Workload(List.of(new Variant("m", "m", 1, new byte[0], 1)), AnswerCheck.NONE)
          .within(List.of(new DeadlineShare(TIGHT, 1), new DeadlineShare(LOOSE, 1)));

  private TestingServer server;

  @BeforeEach
  void start() throws Exception {
    server = new TestingServer();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private static LoadShape tenRequests() {
    ArrivalSpec arrivals = ArrivalSpec.fixed(1000, new ArrivalPattern.Constant(), 0.01);
    return new LoadShape.OpenLoop(arrivals::schedule, 100);
  }

  @Test
  void eachCallSaysItsOwnDeadline() throws Exception {
    try (LoadGenerator generator =
        LoadGenerator.connect(new LoadOptions(server.address(), 1, 1, 0, 0, 1), MIX)) {
      LoadGenerator.Run run = generator.start(tenRequests());
      await().until(run::isDone);
      Measurement seen = run.sample();

      assertThat(server.timeoutsNanos())
          .hasSize((int) seen.ok())
          .allMatch(nanos -> nanos <= LOOSE)
          .anyMatch(nanos -> nanos <= TIGHT)
          .anyMatch(nanos -> nanos > TIGHT);
    }
  }

  @Test
  void thoseInAHurryGiveUpBeforeTheOthers() throws Exception {
    server.fallSilent();
    try (LoadGenerator generator =
        LoadGenerator.connect(new LoadOptions(server.address(), 1, 1, 0, 0, 1), MIX)) {
      LoadGenerator.Run run = generator.start(tenRequests());
      List<Measurement> samples = new ArrayList<>();
      await()
          .until(
              () -> {
                samples.add(run.sample());
                return Measurements.sum(samples).failed() >= 5;
              });
      Measurement seen = Measurements.sum(samples);

      assertThat(seen.outcomes()).containsOnlyKeys(Status.Code.DEADLINE_EXCEEDED);
      assertThat(seen.failed()).isEqualTo(5);
      assertThat(seen.variants()).extracting(VariantResult::sent).containsExactly(5L, 5L);
      server.goAway();
    }
  }

  @Test
  void anAnswerIsGoodWithinTheDeadlineOfItsVariant() throws Exception {
    try (LoadGenerator generator =
        LoadGenerator.connect(new LoadOptions(server.address(), 1, 1, 1, 0, 1), MIX)) {
      LoadGenerator.Run run = generator.start(tenRequests());
      await().until(run::isDone);
      Measurement seen = run.sample();

      // a nanosecond, which holds where a variant says nothing, would be met by none
      assertThat(seen.variants().get(1).good()).isEqualTo(5);
    }
  }
}
