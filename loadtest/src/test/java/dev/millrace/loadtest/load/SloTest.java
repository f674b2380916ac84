// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SloTest {
  private final Slo slo = new Slo(99, 25_000_000);

  @Test
  void isMetUpToItsLimit() {
    assertThat(slo.missedBy(Samples.ok(1, 1000, 20_000_000))).isEmpty();
  }

  @Test
  void saysByHowMuchItIsMissed() {
    assertThat(slo.missedBy(Samples.ok(1, 1000, 100_000_000))).hasValue("p99 99.0 ms");
    assertThat(slo.missedBy(Samples.of(1, 1000, 100_000_000, Map.of(), 5_000_000)))
        .hasValue("p99 99.0 ms, and the load tester fell behind");
  }

  @Test
  void oneFailureInAThousandIsAllowed() {
    assertThat(slo.missedBy(failing(999, 1))).isEmpty();
    assertThat(slo.missedBy(failing(998, 2))).hasValue("99.80 % OK, else mostly UNAVAILABLE");
    assertThat(slo.missedBy(failing(0, 2))).hasValue("no request succeeded");
  }

  @Test
  void aScheduleThatWasNotKeptDoesNotCount() {
    Slo median = new Slo(50, 25_000_000);

    assertThat(median.missedBy(Samples.of(1, 1000, 1_000_000, Map.of(), 30_000_000)))
        .hasValue("the load tester fell behind its schedule");
  }

  @Test
  void isNamedByItsPercentile() {
    assertThat(slo.name()).isEqualTo("p99");
    assertThat(new Slo(99.9, 1).name()).isEqualTo("p99.9");
  }

  private static Measurement failing(long ok, long failed) {
    return Samples.of(1, ok, 1_000_000, Map.of(Status.Code.UNAVAILABLE, failed), 0);
  }
}
