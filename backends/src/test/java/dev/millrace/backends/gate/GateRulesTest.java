// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.gate.Verdict.State;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What gates make of figures that are given here. */
class GateRulesTest {
  private static final Gates ERRORS = new Gates(0.01, 0, Duration.ZERO, 0);
  private static final Gates RATIO = new Gates(0, 1.5, Duration.ZERO, 0);
  private static final Gates ABSOLUTE = new Gates(0, 0, Duration.ofMillis(15), 0);
  private static final Gates COMPARING = Gates.NONE.comparing(0.01, Tolerance.DEFAULT);
  private static final int LOOKS = 50;
  private static final int HOUR = 36_000;

  private final Step step = new Step();

  /** So many answers in 10 ms and others, spread over five seconds. */
  private Seen spread(long fast, long slow, double slowMillis, long failed) {
    for (int i = 1; i <= LOOKS; i++) {
      step.answers(part(fast, i), 10).answers(part(slow, i), slowMillis).fails(part(failed, i));
      step.look();
    }
    return step.rest(1);
  }

  private static int part(long all, int look) {
    return (int) (all * look / LOOKS - all * (look - 1) / LOOKS);
  }

  @ParameterizedTest
  @CsvSource({
    "15, 4, KEPT", // too few to tell
    "20, 20, BROKEN",
    "100, 2, KEPT", // 2 % are over 1 %, and chance
    "100, 12, BROKEN",
    "10000, 120, KEPT",
    "10000, 190, BROKEN"
  })
  void anErrorRateIsBrokenBeyondChance(long requests, long failed, State state) {
    assertThat(ERRORS.judge(spread(requests - failed, 0, 0, failed)).state()).isEqualTo(state);
  }

  @ParameterizedTest
  @CsvSource({
    "60, 1, KEPT",
    "60, 3, KEPT",
    "60, 12, BROKEN",
    "20, 20, BROKEN",
    "5000, 60, KEPT",
    "5000, 200, BROKEN"
  })
  void aTailIsTooSlowBeyondChance(long requests, long slow, State state) {
    step.stableAnswers(1000, 10);
    Seen seen = spread(requests - slow, slow, 40, 0);

    assertThat(RATIO.judge(seen).state()).isEqualTo(state);
    assertThat(ABSOLUTE.judge(seen).state()).isEqualTo(state);
  }

  @Test
  void twoMomentsAreNoReasonHoweverManyRequestsTheySpoil() {
    step.stableAnswers(1000, 10);
    spread(300, 0, 0, 0);
    step.answers(80, 400).fails(80).look();
    step.answers(80, 900).fails(80).rest(20);
    Seen stalled = step.answers(80, 400).fails(80).look();

    assertThat(RATIO.judge(stalled)).isEqualTo(Verdict.KEPT);
    assertThat(ABSOLUTE.judge(stalled)).isEqualTo(Verdict.KEPT);
    assertThat(ERRORS.judge(stalled)).isEqualTo(Verdict.KEPT);
  }

  @Test
  void threeMomentsAre() {
    step.stableAnswers(1000, 10);
    spread(300, 0, 0, 0);
    step.answers(80, 400).rest(20);
    step.answers(80, 400).rest(20);
    Seen seen = step.answers(80, 400).look();

    assertThat(RATIO.judge(seen).state()).isEqualTo(State.BROKEN);
  }

  @Test
  void aMomentOfALongStepIsFoundAmongReadingsThatAreFarApart() {
    step.stableAnswers(10_000, 10);
    for (int i = 0; i < 6000; i++) {
      step.answers(1, 10).look();
    }
    step.answers(300, 900).look();
    Seen stalled = step.rest(100);
    assertThat(RATIO.judge(stalled)).isEqualTo(Verdict.KEPT);

    step.answers(300, 900).rest(300);
    step.answers(300, 900).rest(300);
    assertThat(RATIO.judge(step.answers(300, 900).rest(300)).state()).isEqualTo(State.BROKEN);
  }

  @Test
  void whatGoesWrongLateInALongStepIsFoundInAFewSeconds() {
    step.stableAnswers(10_000, 10);
    for (int i = 0; i < HOUR; i++) {
      step.answers(1, 10).look();
    }

    int looks = 0;
    while (RATIO.judge(step.answers(50, 100).look()).state() != State.BROKEN) {
      looks++;
      assertThat(looks).isLessThan(30);
    }
  }

  @Test
  void readingsGrowInNumberWithTheLogarithmOfTheTime() {
    for (int i = 0; i < HOUR; i++) {
      step.look();
    }
    int afterAnHour = step.look().candidate().size();
    for (int i = HOUR; i < 4 * HOUR; i++) {
      step.look();
    }

    assertThat(afterAnHour).isLessThan(2500);
    assertThat(step.look().candidate().size()).isLessThan(afterAnHour + 750);
  }

  @Test
  void aVersionThatIsBadFromTheStartGoesInLittleMoreThanASecond() {
    step.stableAnswers(1000, 10);
    for (int i = 0; i < 10; i++) {
      assertThat(RATIO.judge(step.answers(3, 100).look()).state()).isNotEqualTo(State.BROKEN);
    }

    assertThat(RATIO.judge(step.answers(3, 100).look()).state()).isEqualTo(State.BROKEN);
  }

  @Test
  void aStepDoesNotEndWhileOnlyOneMomentSpeaksAgainstTheVersionAndNothingForIt() {
    step.stableAnswers(1000, 10);
    Seen doubtful = step.answers(60, 100).look();
    assertThat(RATIO.judge(doubtful).state()).isEqualTo(State.IN_DOUBT);
    assertThat(RATIO.judge(step.rest(100)).state()).isEqualTo(State.IN_DOUBT);

    assertThat(RATIO.judge(step.answers(20, 10).rest(20))).isEqualTo(Verdict.KEPT);
  }

  @Test
  void nothingIsHeldToATailOfAFewRequests() {
    step.stableAnswers(50, 10);

    assertThat(RATIO.judge(spread(0, 500, 100, 0))).isEqualTo(Verdict.KEPT);
  }

  @Test
  void aVersionThatMakesTheStableOneSlowTooIsHeldToWhatThatWasBefore() {
    step.answeredBefore(1000, 1).stableAnswers(700, 1).stableAnswers(300, 16);
    Seen seen = spread(0, 100, 15, 0);

    assertThat(RATIO.judge(seen).reason())
        .matches(
            "p99 15.* ms of 100 requests against \\(before the rollout\\) 1.* ms of the version it replaces \\(expected at most 1.5 times\\)");
    assertThat(RATIO.judge(new Seen(seen.candidate(), seen.stable(), Measured.NOTHING)).state())
        .isEqualTo(State.KEPT);
  }

  @Test
  void moreLoadThanBeforeTheRolloutIsNoReasonWhereBothAreSlower() {
    step.answeredBefore(1000, 1).stableAnswers(100, 1).stableAnswers(900, 15);

    assertThat(RATIO.judge(spread(40, 360, 20, 0))).isEqualTo(Verdict.KEPT);
  }

  @Test
  void aReasonGivesTheFiguresAndWhatWasExpected() {
    step.stableAnswers(1000, 10);
    Seen bad = spread(0, 50, 40, 50);

    assertThat(ERRORS.judge(bad).reason())
        .isEqualTo("error rate 0.5000, 50 of 100 requests (expected at most 0.01)");
    assertThat(RATIO.judge(bad).reason())
        .matches(
            "p99 4.* ms of 50 requests against 1.* ms of the version it replaces \\(expected at most 1.5 times\\)");
    assertThat(ABSOLUTE.judge(bad).reason())
        .matches("p99 4.* ms of 50 requests \\(expected at most 15.000 ms\\)");
  }

  @ParameterizedTest
  @CsvSource({
    "15, 4, KEPT", // too few to tell
    "20, 20, BROKEN",
    "100, 2, KEPT",
    "100, 12, BROKEN",
    "10000, 120, KEPT",
    "10000, 190, BROKEN"
  })
  void answersDifferBeyondChanceInOneMomentAsInMany(long copies, long differing, State state) {
    Seen noTraffic = step.runs(copies(copies - differing, differing, 0)).look();

    assertThat(COMPARING.judge(noTraffic).state()).isEqualTo(state);
    assertThat(Gates.NONE.judge(noTraffic)).isEqualTo(Verdict.KEPT);
  }

  private static Comparisons copies(long same, long differing, long failed) {
    return new Comparisons(same, differing, 0, failed, 7, 3.5, "score", "no memory");
  }

  @Test
  void aDivergenceNamesTheOutputAndTheLargestDifferenceOrWhatFailed() {
    assertThat(COMPARING.judge(step.runs(copies(70, 30, 0)).look()).reason())
        .isEqualTo(
            "other answers than the version it replaces to 30 of 100 copies of requests, 0.3000 (expected at most 0.01): output 'score', largest difference 3.500");
    assertThat(COMPARING.judge(step.runs(copies(70, 0, 30)).look()).reason())
        .endsWith("at most 0.01): no memory");
  }

  @Test
  void aStepWithoutTrafficNeedsAsManyCopiesAsRequestsAreAskedFor() {
    Gates gates = new Gates(0, 0, Duration.ZERO, 100).comparing(0.01, Tolerance.DEFAULT);

    assertThat(gates.shortfall(step.runs(copies(99, 0, 0)).look().judged(), 0)).isPresent();
    assertThat(gates.shortfall(step.runs(copies(99, 1, 0)).look().judged(), 0)).isEmpty();
    assertThat(gates.shortfall(step.runs(copies(200, 0, 0)).look().judged(), 10)).isPresent();
  }

  @Test
  void aStepNeedsAsManyRequestsAsAreAskedForAndFailuresAreSuch() {
    Gates gates = new Gates(0.01, 1, Duration.ofMillis(1), 100);

    assertThat(gates.shortfall(step.answers(94, 1).fails(5).look().judged(), 10))
        .contains("99 of 100 requests");
    assertThat(gates.shortfall(step.fails(1).look().judged(), 10)).isEmpty();
    assertThat(gates.shortfall(Seen.noCandidate().judged(), 10)).isEmpty();
    assertThat(gates.judge(Seen.noCandidate())).isEqualTo(Verdict.KEPT);
  }
}
