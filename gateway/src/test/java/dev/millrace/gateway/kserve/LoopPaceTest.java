// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.SelectStrategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A loop that asks what to do, with a clock that the test moves. */
class LoopPaceTest {
  private static final int NOTHING = 0;

  private long nowNanos = 1_000_000;
  private int looks;
  private boolean mayPoll = true;
  private long restNanos;
  private final List<Long> rested = new ArrayList<>();

  private LoopPace polling(long nanos) {
    return new LoopPace(
        Duration.ofNanos(nanos),
        () -> nowNanos,
        () -> mayPoll,
        now -> restNanos,
        asleep -> {
          rested.add(asleep);
          nowNanos += asleep;
        });
  }

  private int ask(LoopPace pace, int ready, boolean hasTasks) throws Exception {
    return pace.calculateStrategy(
        () -> {
          looks++;
          return ready;
        },
        hasTasks);
  }

  @Test
  void goesOnLookingUntilTheTimeIsUpAndThenSleeps() throws Exception {
    LoopPace pace = polling(100);

    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 99;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 1;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
    assertThat(looks).isEqualTo(3);
  }

  @Test
  void countsFromTheEndOfTheLastWork() throws Exception {
    LoopPace pace = polling(100);
    ask(pace, NOTHING, false);

    nowNanos += 90;
    assertThat(ask(pace, 3, false)).isEqualTo(3);
    nowNanos += 1000; // working on those
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 99;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
    nowNanos += 1;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
  }

  @Test
  void pollsAgainAfterSleep() throws Exception {
    LoopPace pace = polling(100);
    ask(pace, NOTHING, false);
    nowNanos += 100;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);

    nowNanos += 1_000_000; // asleep, then whatever woke it
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
  }

  @Test
  void neverKeepsTasksWaiting() throws Exception {
    LoopPace pace = polling(100);

    assertThat(ask(pace, NOTHING, true)).isEqualTo(NOTHING);
    assertThat(ask(pace, 2, true)).isEqualTo(2);
  }

  @Test
  void leavesTheCoreToThoseItWaitsFor() throws Exception {
    LoopPace pace = polling(100);
    mayPoll = false;
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
    nowNanos += 1000;

    mayPoll = true; // answered
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.CONTINUE);
  }

  @Test
  void sleepsAtOnceWithoutTime() throws Exception {
    LoopPace pace = polling(0);

    assertThat(ask(pace, 1, false)).isEqualTo(SelectStrategy.SELECT);
    assertThat(looks).isZero();
    assertThat(ask(pace, 1, true)).isEqualTo(1);
  }

  @Test
  void restsBetweenTwoLooksWhileOthersNeedTheCore() throws Exception {
    LoopPace pace = polling(100);
    mayPoll = false;
    restNanos = 500;
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    nowNanos += 200; // working

    assertThat(ask(pace, 2, false)).isEqualTo(2);
    nowNanos += 600; // working longer than it rests
    assertThat(ask(pace, 2, false)).isEqualTo(2);
    assertThat(ask(pace, NOTHING, true)).isEqualTo(NOTHING);
    assertThat(ask(pace, NOTHING, false)).isEqualTo(SelectStrategy.SELECT);
    nowNanos += 10_000; // asleep, until a request came: that one need not wait
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    assertThat(rested).containsExactly(300L, 500L, 500L);
  }

  @Test
  void doesNotRestWhileItMayPoll() throws Exception {
    LoopPace pace = polling(100);
    restNanos = 500;
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    assertThat(rested).isEmpty();
  }

  @Test
  void doesNotRestWhereTheClockIsSetBack() throws Exception {
    LoopPace pace = polling(100);
    mayPoll = false;
    restNanos = 500;
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    nowNanos -= 1000;
    assertThat(ask(pace, 1, false)).isEqualTo(1);
    assertThat(rested).isEmpty();
  }

  @Test
  void restsWithoutPollingToo() throws Exception {
    LoopPace pace = polling(0);
    mayPoll = false;
    restNanos = 500;
    assertThat(ask(pace, 1, false)).isEqualTo(SelectStrategy.SELECT);
    assertThat(ask(pace, 1, true)).isEqualTo(1);
    assertThat(looks).isEqualTo(1);
    assertThat(rested).containsExactly(500L);
  }
}
