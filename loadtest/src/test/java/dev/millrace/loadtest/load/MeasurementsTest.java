// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MeasurementsTest {
  @Test
  void addsUpStretches() {
    Measurement sum =
        Measurements.sum(
            List.of(
                Samples.ok(1, 100, 1_000_000),
                Samples.of(3, 500, 2_000_000, Map.of(Status.Code.UNAVAILABLE, 20L), 0)));

    assertThat(sum.seconds()).isEqualTo(4);
    assertThat(sum.outcomes())
        .isEqualTo(Map.of(Status.Code.OK, 600L, Status.Code.UNAVAILABLE, 20L));
    assertThat(sum.rate()).isEqualTo(150);
    assertThat(sum.goodput()).isEqualTo(150);
    assertThat(sum.latency().getTotalCount()).isEqualTo(600);
    assertThat(sum.variants().getFirst().latency().getTotalCount()).isEqualTo(600);
    assertThat(sum.messages()).containsKey(Status.Code.UNAVAILABLE);
    assertThat(sum.loopBusy()).isEqualTo(0.25);
  }

  @Test
  void lateAnswersCountInTheTimeTheirRequestsWereDue() {
    Measurement all =
        Measurements.withLateAnswers(
            Samples.ok(10, 990, 1_000_000), Samples.ok(0.5, 10, 2_000_000));

    assertThat(all.rate()).isEqualTo(100);
    assertThat(all.goodput()).isEqualTo(100);
  }
}
