// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import io.grpc.Status;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a load whose server goes away. */
@Timeout(60)
final class LostServerTest {
  private static final Workload WORKLOAD =
      new Workload(List.of(new Variant("m", "m", 1, new byte[0], 1)), AnswerCheck.NONE);
  private static final int CONNECTIONS = 4;
  private static final int RATE = 1000;

  private TestingServer server;
  private LoadGenerator generator;

  @BeforeEach
  void connect() throws Exception {
    server = new TestingServer();
    generator =
        LoadGenerator.connect(new LoadOptions(server.address(), CONNECTIONS, 2, 0, 0, 1), WORKLOAD);
  }

  @AfterEach
  void close() {
    generator.close();
    server.close();
  }

  private static LoadShape openLoop(double seconds, int maxOpen) {
    ArrivalSpec arrivals = ArrivalSpec.fixed(RATE, new ArrivalPattern.Constant(), seconds);
    return new LoadShape.OpenLoop(arrivals::schedule, maxOpen);
  }

  /** Adds up what a run sees until there is something. */
  private static Measurement sampleUntil(LoadGenerator.Run run, Predicate<Measurement> enough) {
    List<Measurement> samples = new ArrayList<>();
    await()
        .until(
            () -> {
              samples.add(run.sample());
              return enough.test(Measurements.sum(samples));
            });
    return Measurements.sum(samples);
  }

  private static long unavailable(Measurement measurement) {
    return measurement.outcomes().getOrDefault(Status.Code.UNAVAILABLE, 0L);
  }

  @Test
  void everyDueRequestFailsWhileThereIsNoServer() throws Exception {
    LoadGenerator.Run run = generator.start(openLoop(1, 1000));
    Measurement before = sampleUntil(run, seen -> seen.ok() > 0);

    server.goAway();
    await().until(run::isDone);
    run.stop();

    Measurement total = Measurements.sum(List.of(before, run.sample()));
    assertThat(total.sent()).isEqualTo(RATE);
    assertThat(total.answered()).isEqualTo(RATE);
    // those that were under way when it went may have been told something else
    assertThat(unavailable(total)).isGreaterThan(RATE / 2);
    assertThat(total.negative().getTotalCount()).isEqualTo(total.failed());
  }

  @Test
  void saysWhyThereIsNone() throws Exception {
    server.goAway();

    LoadGenerator.Run run = generator.start(openLoop(0.5, 1000));
    await().until(run::isDone);

    Measurement seen = run.sample();
    assertThat(seen.ok()).isZero();
    assertThat(seen.messages().get(Status.Code.UNAVAILABLE)).containsIgnoringCase("refused");
  }

  @Test
  void goesOnWhenTheServerIsBack() throws Exception {
    LoadGenerator.Run run = generator.start(openLoop(Double.POSITIVE_INFINITY, 1000));
    server.goAway();
    sampleUntil(run, seen -> unavailable(seen) > 100);

    server.comeBack();

    assertThat(sampleUntil(run, seen -> seen.ok() > 100).ok()).isPositive();
    run.stop();
  }

  @Test
  void aClosedLoopGoesOnWhenTheServerIsBack() throws Exception {
    LoadGenerator.Run run = generator.start(new LoadShape.ClosedLoop(2));
    sampleUntil(run, seen -> seen.ok() > 0);

    server.goAway();
    run.sample();
    server.comeBack();

    assertThat(sampleUntil(run, seen -> seen.ok() > 100).ok()).isPositive();
    run.stop();
  }

  @Test
  void connectionsLostBetweenRunsAreReplaced() throws Exception {
    server.goAway();
    server.comeBack();

    LoadGenerator.Run run = generator.start(openLoop(Double.POSITIVE_INFINITY, 1000));

    assertThat(sampleUntil(run, seen -> seen.ok() > 100).ok()).isPositive();
    run.stop();
  }

  @Test
  void whatIsDueAndCannotBeSentCountsWhenTheServerIsSilent() throws Exception {
    int maxOpen = 10;
    server.fallSilent();
    Driver driver = Driver.of(generator, new Stop(), Observer.NONE);

    Measurement total = driver.measure(openLoop(0.5, maxOpen), TimeUnit.SECONDS.toNanos(1)).total();

    assertThat(total.sent()).isEqualTo(RATE / 2);
    assertThat(total.outcomes())
        .containsEntry(Status.Code.CANCELLED, (long) maxOpen)
        .containsEntry(Status.Code.UNAVAILABLE, (long) RATE / 2 - maxOpen);
    assertThat(total.messages())
        .containsEntry(Status.Code.CANCELLED, "no answer within 5 s of the end")
        .containsEntry(Status.Code.UNAVAILABLE, "not sent: 5 requests were open already");
  }

  @Test
  void aServerThatIsNotThereAtTheBeginningIsAFailure() throws Exception {
    server.goAway();

    assertThatThrownBy(
            () ->
                LoadGenerator.connect(
                    new LoadOptions(server.address(), CONNECTIONS, 1, 0, 0, 1), WORKLOAD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("refused");
  }
}
