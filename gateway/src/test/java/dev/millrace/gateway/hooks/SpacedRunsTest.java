// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpacedRunsTest {
  private long nowNanos = -5; // clocks of a JVM begin anywhere
  private int runs;
  private final List<Long> delays = new ArrayList<>();
  private final List<Runnable> waiting = new ArrayList<>();
  private final SpacedRuns spaced =
      new SpacedRuns(
          () -> runs++,
          1_000,
          (delay, task) -> {
            delays.add(delay);
            waiting.add(task);
          },
          () -> nowNanos);

  private void runWhatWaits() {
    List<Runnable> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(Runnable::run);
  }

  @Test
  void theFirstRunsAtOnce() {
    spaced.request();

    assertThat(delays).containsExactly(0L);
    runWhatWaits();
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void aBurstRunsOnceAndOnceMoreWhenThePauseIsOver() {
    spaced.request();
    runWhatWaits();
    for (int i = 0; i < 100; i++) {
      nowNanos += 5;
      spaced.request();
    }
    assertThat(delays).containsExactly(0L, 995L);

    nowNanos += 500;
    runWhatWaits();
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void whatIsAskedForWhileOneRunsIsFollowedByAnother() {
    SpacedRuns[] self = new SpacedRuns[1];
    self[0] =
        new SpacedRuns(
            () -> {
              if (runs++ == 0) {
                self[0].request();
              }
            },
            1_000,
            (delay, task) -> waiting.add(task),
            () -> nowNanos);
    self[0].request();
    runWhatWaits();
    runWhatWaits();

    assertThat(runs).isEqualTo(2);
    assertThat(waiting).isEmpty();
  }

  @Test
  void afterAPauseItRunsAtOnceAgain() {
    spaced.request();
    runWhatWaits();
    nowNanos += 1_000;
    spaced.request();

    assertThat(delays).containsExactly(0L, 0L);
  }
}
