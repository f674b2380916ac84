// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class InlineCostTest {
  private final InlineCost cost = new InlineCost(100, List.of());

  @Test
  void takesNothingForSmallThatIsNotKnown() {
    assertThat(cost.isSmall(1)).isFalse();
  }

  @Test
  void knowsASizeByOneRun() {
    cost.ran(64, 100);

    assertThat(cost.isSmall(64)).isTrue();
    assertThat(cost.isSmall(127)).isTrue();
  }

  @Test
  void supposesThatCostGrowsWithTheSize() {
    cost.ran(64, 50);

    assertThat(cost.isSmall(128)).isTrue();
    assertThat(cost.isSmall(256)).isFalse();
  }

  @Test
  void supposesThatASmallerBatchCostsNoMore() {
    cost.ran(1024, 90);

    assertThat(cost.isSmall(64)).isTrue();
  }

  @Test
  void followsALowerCostAtOnce() {
    cost.ran(64, 10_000);
    cost.ran(64, 10);
    assertThat(cost.isSmall(64)).isFalse();

    for (int i = 0; i < 8; i++) {
      cost.ran(64, 10);
    }

    assertThat(cost.isSmall(64)).isTrue();
  }

  @Test
  void isNotMisledByOneInterruptedRun() {
    cost.ran(64, 50);

    cost.ran(64, 1_000_000_000);

    assertThat(cost.isSmall(64)).isTrue();
  }

  @Test
  void noticesWhenAModelHasBecomeExpensive() {
    cost.ran(64, 50);

    for (int i = 0; i < 20; i++) {
      cost.ran(64, 1000);
    }

    assertThat(cost.isSmall(64)).isFalse();
  }

  @Test
  void leavesEverythingToTheReplicasWithoutABudget() {
    InlineCost off = new InlineCost(0, List.of());
    off.ran(64, 1);

    assertThat(off.isSmall(64)).isFalse();
  }

  @Test
  void supposesTheCostOfTheVersionBefore() {
    cost.ran(64, 50);
    InlineCost next = new InlineCost(100, List.of(timing(64, 5000), timing(64, 90)));
    assertThat(next.isSmall(64)).as("by its warm-up alone").isFalse();

    next.takeOverFrom(cost);

    assertThat(next.isSmall(64)).isTrue();
    assertThat(next.isSmall(256)).isFalse();
    assertThat(next.expectedNanos(64)).as("none has run").isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void supposesWhatItsWarmUpTookIfThatIsMore() {
    cost.ran(64, 50);
    InlineCost next = new InlineCost(100, List.of(timing(64, 5000)));

    next.takeOverFrom(cost);

    assertThat(next.isSmall(64)).isFalse();
  }

  @Test
  void supposesNothingWithoutARunOfItsOwn() {
    cost.ran(64, 50);
    InlineCost next = new InlineCost(100, List.of());

    next.takeOverFrom(cost);

    assertThat(next.isSmall(64)).isFalse();
  }

  @Test
  void supposesNothingAnyMoreWhenABatchHasRun() {
    cost.ran(64, 50);
    InlineCost next = new InlineCost(100, List.of(timing(64, 10), timing(128, 10)));
    next.takeOverFrom(cost);

    next.ran(64, 1000);

    assertThat(next.isSmall(64)).isFalse();
    assertThat(next.isSmall(128)).isFalse();
  }

  private static WarmUp.Timing timing(long bytes, long nanos) {
    return new WarmUp.Timing(1, 1, bytes, nanos);
  }

  @Test
  void takesAnySize() {
    cost.ran(0, 0);
    cost.ran(Long.MAX_VALUE, Long.MAX_VALUE);

    assertThat(cost.isSmall(0)).isTrue();
    assertThat(cost.isSmall(Long.MAX_VALUE)).isFalse();
  }
}
