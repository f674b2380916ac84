// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.SelectStrategy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A loop that asks what to do, with a clock that the test moves. */
class BusyPollingTest {
  private static final int NOTHING = 0;

  private long nowNanos = 1_000_000;
  private int looks;
  private boolean mayPoll = true;

  private BusyPolling polling(long nanos) {
    return new BusyPolling(Duration.ofNanos(nanos), () -> nowNanos, () -> mayPoll);
  }

  private int ask(BusyPolling polling, int ready, boolean hasTasks) throws Exception {
    return polling.calculateStrategy(
        () -> {
          looks++;
          return ready;
        },
        hasTasks);
  }

  @Test
  void goesOnLookingUntilTheTimeIsUpAndThenSleeps() throws Exception {
    BusyPolling polling = polling(100);

    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 99;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 1;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
    assertThat(looks).isEqualTo(3);
  }

  @Test
  void countsFromTheEndOfTheLastWork() throws Exception {
    BusyPolling polling = polling(100);
    ask(polling, NOTHING, false);

    nowNanos += 90;
    assertThat(ask(polling, 3, false)).isEqualTo(3);
    nowNanos += 1000; // working on those
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 99;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 1;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
  }

  @Test
  void pollsAgainAfterSleep() throws Exception {
    BusyPolling polling = polling(100);
    ask(polling, NOTHING, false);
    nowNanos += 100;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);

    nowNanos += 1_000_000; // asleep, then whatever woke it
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
  }

  @Test
  void neverKeepsTasksWaiting() throws Exception {
    BusyPolling polling = polling(100);

    assertThat(ask(polling, NOTHING, true)).isEqualTo(NOTHING);
    assertThat(ask(polling, 2, true)).isEqualTo(2);
  }

  @Test
  void leavesTheCoreToThoseItWaitsFor() throws Exception {
    BusyPolling polling = polling(100);
    mayPoll = false;
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
    nowNanos += 1000;

    mayPoll = true; // answered
    assertThat(ask(polling, 1, false)).isEqualTo(1);
    assertThat(ask(polling, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
  }

  @Test
  void sleepsAtOnceWithoutTime() throws Exception {
    BusyPolling polling = polling(0);

    assertThat(ask(polling, 1, false)).isEqualTo(SelectStrategy.SELECT);
    assertThat(looks).isZero();
    assertThat(ask(polling, 1, true)).isEqualTo(1);
  }
}
