// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ShortfallTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Shortfall shortfall = new Shortfall();

  @Test
  void pausesDoubleUpToAMinuteEvenIfItWasWholeInBetween() {
    long now = 100 * SECOND;
    for (long pause : new long[] {1, 2, 4, 8, 16, 32, 60, 60}) {
      assertThat(shortfall.begin("gone", false, now)).isTrue();
      assertThat(shortfall.untilRetry(now)).isEqualTo(pause * SECOND);
      assertThat(shortfall.take(now)).isFalse();
      now += pause * SECOND;
      assertThat(shortfall.take(now)).isTrue();
      assertThat(shortfall.end(now)).isTrue();
    }
  }

  @Test
  void pausesAreShortAgainWhenItHasBeenWholeForLong() {
    shortfall.begin("gone", false, 0);
    shortfall.begin("gone", false, 0);
    shortfall.end(0);

    shortfall.begin("gone", false, 61 * SECOND);

    assertThat(shortfall.untilRetry(61 * SECOND)).isEqualTo(SECOND);
  }

  @Test
  void isTriedByOneAtATime() {
    shortfall.begin("full", false, 0);

    assertThat(shortfall.take(SECOND)).isTrue();
    assertThat(shortfall.take(SECOND)).isFalse();
    assertThat(shortfall.untilRetry(SECOND)).isEqualTo(Long.MAX_VALUE);
    assertThat(shortfall.begin("full", false, SECOND)).as("no news").isFalse();
    assertThat(shortfall.untilRetry(SECOND)).isEqualTo(2 * SECOND);
  }

  @Test
  void onlyWhatLackedRoomIsTriedAtOnceWhenThereIsSome() {
    shortfall.begin("full, the engine says", false, 0);
    shortfall.roomIsThere(0);
    assertThat(shortfall.take(0)).as("what it releases itself is no room").isFalse();

    shortfall.begin("full", true, 0);
    shortfall.roomIsThere(0);
    assertThat(shortfall.take(0)).isTrue();
  }

  @Test
  void nothingIsDueWhenNoneIsMissing() {
    shortfall.begin("full", true, 0);
    shortfall.end(0);

    assertThat(shortfall.untilRetry(SECOND)).isEqualTo(Long.MAX_VALUE);
    assertThat(shortfall.end(SECOND)).as("no news").isFalse();
  }
}
