// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoopRestTest {
  private static final long MILLI = 1_000_000;

  private boolean shared = true;
  private long nowNanos = 1_000 * MILLI;
  private final LoopRest rest = new LoopRest(now -> shared);

  private long nanos() {
    return rest.nanos(nowNanos);
  }

  @Test
  void isPartOfTheWaitAndAMillisecondAtMost() {
    assertThat(nanos()).isZero();
    rest.asked(1_000 * MILLI);
    assertThat(nanos()).isEqualTo(MILLI);
    rest.asked(8 * MILLI);
    assertThat(nanos()).isEqualTo(MILLI / 2);
  }

  @Test
  void oneRequestThatNeedNotWaitEndsItForAWhile() {
    for (int i = 0; i < 40; i++) {
      rest.asked(50 * MILLI);
      if (i == 10) {
        rest.asked(0);
      }
      boolean soonAfter = i >= 10 && i < 20;
      boolean longAfter = i < 10 || i >= 30;
      if (soonAfter) {
        assertThat(nanos()).as("after %d ms", 50 * i).isZero();
      } else if (longAfter) {
        assertThat(nanos()).as("after %d ms", 50 * i).isEqualTo(MILLI);
      }
      nowNanos += 50 * MILLI;
    }
  }

  @Test
  void shortWaitsAreNotMadeLonger() {
    rest.asked(MILLI);
    assertThat(nanos()).isZero();
  }

  @Test
  void endsSoonAfterTheLastWait() {
    rest.asked(50 * MILLI);
    assertThat(nanos()).isEqualTo(MILLI);
    nowNanos += 1_000 * MILLI;
    assertThat(nanos()).isZero();
  }

  @Test
  void aCoreOfItsOwnNeedsNoRest() {
    shared = false;
    rest.asked(50 * MILLI);
    assertThat(nanos()).isZero();
  }

  @Test
  void survivesAClockThatIsSetBack() {
    rest.asked(50 * MILLI);
    assertThat(nanos()).isEqualTo(MILLI);
    nowNanos -= 500 * MILLI;
    assertThat(nanos()).isZero();
    rest.asked(50 * MILLI);
    assertThat(nanos()).isEqualTo(MILLI);
  }
}
