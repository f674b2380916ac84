// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.deployment.Rollout.Phase;
import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.gate.Step;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Rollouts and traffic, stepped by hand. */
class RolloutTest {
  private static final Traffic OLD = Traffic.all(1);
  private static final Traffic NEW = Traffic.all(2);

  private static Rollout rollout(Traffic from, int... steps) {
    UpdateStrategy strategy =
        new UpdateStrategy(
            Arrays.stream(steps).boxed().toList(),
            Duration.ofMillis(100),
            new Gates(0.1, 0, Duration.ZERO, 10),
            false);
    return new Rollout(from, NEW, strategy, 0);
  }

  private static Seen good(int requests) {
    return new Step().answers(requests, 1).look();
  }

  @Test
  void goesStepByStepWhenTimeHasPassedAndEnoughWasAnswered() {
    Rollout rollout = rollout(OLD, 10, 50);
    assertThat(rollout.traffic()).isEqualTo(OLD);
    rollout.ready(1000);
    assertThat(rollout.traffic().points(2)).isEqualTo(1000);

    assertThat(rollout.advance(1050, good(100))).isFalse();
    assertThat(rollout.advance(1200, good(9))).isFalse();
    assertThat(rollout.advance(1200, good(10))).isTrue();
    assertThat(rollout.traffic().points(2)).isEqualTo(5000);
    assertThat(rollout.advance(1250, good(100))).isFalse();
    assertThat(rollout.advance(1300, good(100))).isTrue();
    assertThat(rollout.traffic()).isEqualTo(NEW);
    assertThat(rollout.phase()).isEqualTo(Phase.BAKING);
    assertThat(rollout.advance(1400, good(100))).isTrue();
    assertThat(rollout.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void oneStepWithoutABakeTimeLastsUntilEnoughRequestsAreJudged() {
    Gates gates = new Gates(0.1, 0, Duration.ZERO, 10);
    Rollout rollout =
        new Rollout(OLD, NEW, new UpdateStrategy(List.of(), Duration.ZERO, gates, false), 0);
    rollout.ready(1);
    assertThat(rollout.phase()).isEqualTo(Phase.BAKING);
    assertThat(rollout.traffic()).isEqualTo(NEW);
    assertThat(rollout.reason()).isEqualTo("step 1 of 1 (100 %)");

    assertThat(rollout.advance(2, good(9))).isFalse();
    assertThat(rollout.advance(3, good(10))).isTrue();
    assertThat(rollout.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void theFirstVersionNeedsNoSteps() {
    Rollout rollout = rollout(Traffic.NONE, 10, 50);
    rollout.ready(1);

    assertThat(rollout.phase()).isEqualTo(Phase.DONE);
  }

  @Test
  void aBrokenGateTakesAllOfItBackAtOnceAndForGood() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(0);
    Step step = new Step();
    step.answers(25, 1).fails(25).rest(15);
    step.answers(25, 1).fails(25).rest(15);

    assertThat(rollout.advance(1, step.answers(25, 1).fails(25).look())).isTrue();
    assertThat(rollout.phase()).isEqualTo(Phase.ROLLED_BACK);
    assertThat(rollout.traffic()).isEqualTo(OLD);
    assertThat(rollout.reason()).contains("error rate 0.5");
    rollout.promote(2);
    rollout.fail("late", 3);
    assertThat(rollout.phase()).isEqualTo(Phase.ROLLED_BACK);
  }

  @Test
  void aStepLastsLongerWhileOneMomentSpeaksAgainstTheVersion() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(0);
    Step step = new Step();

    assertThat(rollout.advance(200, step.answers(25, 1).fails(25).look())).isFalse();
    step.rest(15);
    assertThat(rollout.advance(2000, step.answers(25, 1).look())).isTrue();
    assertThat(rollout.traffic().points(2)).isEqualTo(5000);
  }

  @Test
  void aStepDoesNotEndWithRequestsThatNoGateHasSeen() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(0);
    Step step = new Step();
    step.answers(9, 1).look();

    assertThat(rollout.advance(200, step.answers(100, 1).glance())).isFalse();
    assertThat(rollout.advance(200, step.look())).isTrue();
  }

  @Test
  void aStepThatGoesOnSaysWhatItWaitsFor() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(1000);
    assertThat(rollout.reason())
        .isEqualTo("step 1 of 3 (10 %): waits for bake time until 1970-01-01T00:00:01.100Z");

    rollout.advance(1050, good(7));
    assertThat(rollout.reason())
        .isEqualTo(
            "step 1 of 3 (10 %): waits for bake time until 1970-01-01T00:00:01.100Z; 7 of 10 requests");
    rollout.advance(1100, good(9));
    assertThat(rollout.reason()).isEqualTo("step 1 of 3 (10 %): waits for 9 of 10 requests");
    rollout.advance(1101, good(10));
    assertThat(rollout.reason()).startsWith("step 2 of 3 (50 %): waits for bake time until ");
  }

  @Test
  void aStepInDoubtSaysWhatSpeaksAgainstTheVersion() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(0);
    rollout.advance(200, new Step().answers(25, 1).fails(25).look());

    assertThat(rollout.reason())
        .isEqualTo(
            "step 1 of 3 (10 %): waits for more requests than those of one moment, in which error rate 0.5000, 25 of 50 requests (expected at most 0.1)");
  }

  @Test
  void aStepBecomesOverdueOnceWhenItsBakeTimeIsOver() {
    Rollout rollout = rollout(OLD, 10, 50);
    rollout.ready(0);
    assertThat(rollout.becameOverdue(99)).isFalse();
    assertThat(rollout.becameOverdue(100)).isTrue();
    assertThat(rollout.becameOverdue(101)).isFalse();

    rollout.advance(102, good(10));
    assertThat(rollout.becameOverdue(150)).isFalse();
    assertThat(rollout.becameOverdue(202)).isTrue();
    rollout.rollBack("by hand", 203);
    assertThat(rollout.becameOverdue(400)).isFalse();
  }

  @Test
  void whatIsNotReadyIsNotPromoted() {
    Rollout rollout = rollout(OLD, 10);
    rollout.promote(1);
    assertThat(rollout.phase()).isEqualTo(Phase.LOADING);
    rollout.fail("no such file", 2);

    assertThat(rollout.traffic()).isEqualTo(OLD);
    assertThat(rollout.phase()).isEqualTo(Phase.FAILED);
  }

  @Test
  void stepsThatDoNotAscendAreRefused() {
    assertThatThrownBy(() -> rollout(OLD, 50, 20)).hasMessageContaining("expected ascending");
    assertThatThrownBy(() -> rollout(OLD, 0)).hasMessageContaining("expected ascending");
    assertThatThrownBy(() -> rollout(OLD, 101)).hasMessageContaining("expected ascending");
  }

  @Test
  void aRolloutThatComparesMayBeginWithoutTraffic() {
    Gates compares = Gates.NONE.comparing(0.01, Tolerance.DEFAULT);
    UpdateStrategy strategy =
        new UpdateStrategy(List.of(0, 50), Duration.ofMillis(100), compares, false);
    Rollout rollout = new Rollout(OLD, NEW, strategy, 0);
    rollout.ready(0);
    assertThat(rollout.phase()).isEqualTo(Phase.BAKING);
    assertThat(rollout.traffic()).isEqualTo(OLD);

    assertThat(rollout.advance(100, good(0))).isTrue();
    assertThat(rollout.traffic().points(2)).isEqualTo(5000);
    assertThatThrownBy(() -> new UpdateStrategy(List.of(0, 0, 50), Duration.ZERO, compares, false))
        .hasMessageContaining("expected ascending, 0 to 100");
    assertThatThrownBy(() -> new UpdateStrategy(List.of(), Duration.ZERO, compares, false))
        .hasMessage(
            "steps: [100] with gates.max_divergence 0.01 (expected a first one below 100: what the old version does not answer cannot be compared)");
  }

  @Test
  void aPointChangesItsVersionOnceInARollout() {
    Traffic old = Traffic.ofPercent(Map.of(1L, 70, 3L, 30));
    for (int point = 0; point < Traffic.POINTS; point++) {
      boolean changed = false;
      for (int percent : List.of(1, 5, 20, 50, 99, 100)) {
        boolean isNew = old.giving(percent, NEW).at(point) == 2;
        assertThat(isNew || !changed).isTrue();
        changed |= isNew;
      }
      assertThat(changed).isTrue();
    }
  }

  @Test
  void trafficSaysWhatItIs() {
    assertThat(Traffic.NONE).hasToString("nothing");
    assertThat(OLD).hasToString("1");
    assertThat(OLD.giving(5, NEW)).hasToString("2: 5 %, 1: 95 %");
    assertThat(Traffic.ofPercent(Map.of(1L, 33, 2L, 67)).versions()).containsExactly(1L, 2L);
    assertThatThrownBy(() -> Traffic.ofPercent(Map.of(1L, 50))).hasMessageContaining("5000 points");
  }
}
