// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SharingTest {
  private static final double ALONE = 1_000_000;

  private final Sharing sharing = new Sharing();

  private static long[] with(int running, double nanos) {
    long[] nanosWith = new long[RunsInFlight.LENGTH];
    nanosWith[running] = Math.round(nanos);
    return nanosWith;
  }

  private void observe(int times, int running, double nanos) {
    for (int i = 0; i < times; i++) {
      sharing.observe(with(running, nanos), ALONE);
      sharing.count(with(running, nanos));
    }
  }

  @Test
  void guessesThatASecondAddsAFifthAndAThirdNothing() {
    assertThat(sharing.gain(1)).isEqualTo(1);
    assertThat(sharing.gain(2)).isCloseTo(1.2, within(1e-9));
    assertThat(sharing.gain(3)).isCloseTo(1.2, within(1e-9));
    assertThat(sharing.gain(20)).isCloseTo(1.2, within(1e-9));
    assertThat(sharing.isKnown(1)).isTrue();
    assertThat(sharing.isKnown(2)).isFalse();
  }

  @Test
  void learnsWhatTwoDoFromARoundOfRuns() {
    observe(16, 2, 2 * ALONE / 1.5);

    assertThat(sharing.isKnown(2)).isTrue();
    assertThat(sharing.gain(2)).isCloseTo(1.5, within(0.02));
    assertThat(sharing.gain(3)).isCloseTo(1.5, within(0.02));
  }

  @Test
  void learnsFromTheTimeInCompanyWhereARunWasAloneForAWhile() {
    long[] partly = with(2, 0.8 * ALONE);
    partly[1] = Math.round(0.4 * ALONE);
    for (int i = 0; i < 30; i++) {
      sharing.observe(partly, ALONE);
      sharing.count(partly);
    }

    assertThat(sharing.gain(2)).isCloseTo(1.5, within(0.02));
    assertThat(sharing.pace(partly)).isCloseTo(1 / 1.2, within(0.01));
  }

  @Test
  void onePauseIsNoCompany() {
    observe(30, 2, 2 * ALONE);
    double before = sharing.gain(2);
    assertThat(sharing.isUsual(with(2, ALONE))).isFalse();
    observe(1, 2, 200 * ALONE);

    assertThat(sharing.gain(2)).isCloseTo(before, within(0.02));
  }

  @Test
  void fewerAreNeverSlowerThanMore() {
    observe(30, 3, 1.5 * ALONE);
    observe(30, 2, 2 * ALONE);

    assertThat(sharing.pace(3)).isLessThanOrEqualTo(sharing.pace(2));
  }

  @Test
  void theUsualCompanyTeachesNoPace() {
    observe(200, 2, 2 * ALONE / 1.5);
    double before = sharing.gain(2);
    observe(200, 2, 3 * ALONE);

    assertThat(sharing.gain(2)).isEqualTo(before);
  }

  @Test
  void runsAloneCorrectTheUnitWhereTwoAreUsual() {
    observe(200, 2, 2 * ALONE / 1.5);
    double before = sharing.gain(2);
    double moved = 0;
    for (int i = 0; i < 16; i++) {
      moved += sharing.observe(with(1, 1.1 * ALONE), ALONE * Math.exp(moved));
    }

    assertThat(moved).isBetween(0.05, Math.log(1.1));
    assertThat(sharing.gain(2)).isCloseTo(before * Math.exp(moved), within(1e-6));
  }
}
