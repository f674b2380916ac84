// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Samples;
import dev.millrace.loadtest.load.Window;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class FailuresTest {
  @Test
  void someFailuresAreNone() {
    assertThat(Failures.of(List.of(Reports.FAST, Reports.FAILING))).isEmpty();
    assertThat(Failures.of(List.of())).isEmpty();
  }

  @Test
  void aServerThatNeverSucceedsIsOne() {
    assertThat(
            Failures.of(
                List.of(
                    Samples.of(1, 0, 1_000, Map.of(Status.Code.INTERNAL, 3L), 0),
                    Samples.ok(1, 0, 1_000))))
        .startsWith("no request succeeded: INTERNAL: <b>full & busy</b>");
  }

  @Test
  void measurementsWithoutAServerAreOne() {
    Measurement silent = Samples.ok(1, 0, 1_000);
    Measurement refused = Samples.of(1, 0, 1_000, Map.of(Status.Code.UNAVAILABLE, 5L), 0);
    Measurement busy = Samples.of(1, 0, 1_000, Map.of(Status.Code.DEADLINE_EXCEEDED, 5L), 0);

    assertThat(Failures.of(List.of(Reports.FAST, silent, refused, busy)))
        .containsExactly("the server was not there in 2 of 4 measurements");
  }

  @Test
  void silenceAtTheEndIsOneUnlessTheRateIsLow() {
    assertThat(Failures.silence(List.of(window(1, 100), window(2, 0), window(3, 0))))
        .hasValue("no request succeeded in the last 2.0 s");
    assertThat(Failures.silence(List.of(window(1, 100), window(2, 0), window(3, 100)))).isEmpty();
    assertThat(Failures.silence(List.of(window(1, 2), window(2, 0)))).isEmpty();
    assertThat(Failures.silence(List.of())).isEmpty();
  }

  @Test
  void ofTwoServersTheOneThatFailedIsNamed() {
    Comparison comparison = new Comparison(List.of(Reports.FAST), List.of(Samples.ok(1, 0, 1_000)));

    assertThat(new Findings.Compared("x:1", "y:2", comparison).failures())
        .containsExactly("B: no request succeeded: there was no answer");
  }

  private static Window window(double end, double rate) {
    // what a lost server leaves of an open loop
    return new Window(end, rate, 1, 2, rate == 0 ? 100 : 0);
  }
}
