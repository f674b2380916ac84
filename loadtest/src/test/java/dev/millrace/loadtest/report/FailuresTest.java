// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

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
  void measurementsWithoutAnyAnswerAreOne() {
    assertThat(Failures.of(List.of(Reports.FAST, Samples.ok(1, 0, 1_000))))
        .containsExactly("no answer at all in 1 of 2 measurements");
  }

  @Test
  void silenceAtTheEndIsOneUnlessTheRateIsLow() {
    assertThat(Failures.silence(List.of(window(1, 100), window(2, 0), window(3, 0))))
        .hasValue("no answer at all in the last 2.0 s");
    assertThat(Failures.silence(List.of(window(1, 100), window(2, 0), window(3, 100)))).isEmpty();
    assertThat(Failures.silence(List.of(window(1, 2), window(2, 0)))).isEmpty();
    assertThat(Failures.silence(List.of())).isEmpty();
  }

  private static Window window(double end, double rate) {
    return new Window(end, rate, 1, 2, 0);
  }
}
