// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class LearnedTest {
  private static final long SECOND = 1_000_000_000;

  /** A run costs ten rows, whatever the length. */
  private static Learned learned(int shapes) throws Exception {
    StringBuilder curves = new StringBuilder();
    for (int shape = 1; shape <= shapes; shape++) {
      curves
          .append(shape == 1 ? "" : ",")
          .append(
              """
              {"shape":"%d","samples":%d,"cap_rows":32,"cap_micros":%d,"variation":0.1,
               "rows":[1,32],"micros":[1100,4200]}
              """
                  .formatted(shape, 100 + shape, 4200 + shape));
    }
    return Learned.parse(
        """
        {"model":"m","explanation":["Busy.","So."],"rejections":{"overload":7,"expired":0},
         "lately":{"batches_per_second":3},"curves":[%s]}
        """
            .formatted(curves));
  }

  @Test
  void readsWhatAGatewayTells() throws Exception {
    Learned learned = learned(2);

    assertThat(learned.explanation()).containsExactly("Busy.", "So.");
    assertThat(learned.rejections()).containsEntry("overload", 7L).containsEntry("expired", 0L);
    assertThat(learned.longest()).isEqualTo(new Learned.Cost("2", 102, 32, 4202, 0.1));
    assertThat(new Capacity(1000, learned).deadlineNanos(5)).isEqualTo(21_010_000);
  }

  @Test
  void anAnswerWithoutCurvesIsNone() {
    assertThatThrownBy(() -> Learned.parse("{\"error\":\"not found\"}"))
        .hasMessage("scheduling: no curves (expected at least one) in '{\"error\":\"not found\"}'");
  }

  @Test
  void rehearsesAClosedLoopUnderEachPolicy() throws Exception {
    Rehearsal rehearsal = Rehearsal.of(learned(4), 4, SECOND);

    double none = rehearsal.rate(Policy.NONE);
    // a third of the requests have the length of the one before
    assertThat(rehearsal.rate(Policy.TRITON) / none).isBetween(1.2, 1.4);
    assertThat(rehearsal.rate(Policy.AUTO) / none).isGreaterThan(4);
  }

  @Test
  void replaysArrivals() throws Exception {
    Rehearsal rehearsal = Rehearsal.of(learned(1), 1, SECOND);
    OpenLoad load = new OpenLoad(3000);

    var result = rehearsal.replay(load.arrivals(), 20_000_000);

    assertThat(result.offeredRate()).isBetween(2800.0, 3200.0);
    assertThat(result.shareOnTime()).isGreaterThan(0.95);
    assertThat(List.of(result.goodput()))
        .isEqualTo(List.of(rehearsal.replay(load.arrivals(), 20_000_000).goodput()));
  }
}
