// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.deployment.Gates.Measured;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What gates make of figures that are given here. */
class GateRulesTest {
  private static final long MS = 1_000_000;
  private static final long[] BOUNDS = {MS, 2 * MS, 5 * MS, 10 * MS};

  /** Requests of up to 1 ms, so many of 2 to 5 ms, and so many that failed. */
  private static Measured measured(long fast, long slow, long failed) {
    return new Measured(fast + slow, failed, BOUNDS, new long[] {fast, 0, slow, 0, 0});
  }

  @ParameterizedTest
  @CsvSource({
    "15, 4, false", // too few to tell
    "20, 20, true",
    "100, 2, false", // 2 % are over 1 %, and chance
    "100, 5, true",
    "10000, 120, false",
    "10000, 140, true"
  })
  void anErrorRateIsBrokenBeyondChance(long requests, long failed, boolean broken) {
    Gates gates = new Gates(0.01, 0, Duration.ZERO, 0);

    assertThat(gates.violation(measured(requests - failed, 0, failed), Measured.NOTHING))
        .matches(violation -> violation.isPresent() == broken);
  }

  @ParameterizedTest
  @CsvSource({"60, 1, false", "60, 2, false", "60, 6, true", "20, 20, true", "5000, 60, false"})
  void aTailIsTooSlowBeyondChance(long requests, long slow, boolean broken) {
    Gates ratio = new Gates(0, 1.5, Duration.ZERO, 0);
    Gates absolute = new Gates(0, 0, Duration.ofNanos(3 * MS / 2), 0);
    Measured candidate = measured(requests - slow, slow, 0);

    assertThat(ratio.violation(candidate, measured(1000, 0, 0)))
        .matches(violation -> violation.isPresent() == broken);
    assertThat(absolute.violation(candidate, Measured.NOTHING))
        .matches(violation -> violation.isPresent() == broken);
  }

  @Test
  void nothingIsHeldToATailOfAFewRequests() {
    Gates ratio = new Gates(0, 1.5, Duration.ZERO, 0);

    assertThat(ratio.violation(measured(0, 500, 0), measured(50, 0, 0))).isEmpty();
  }

  @Test
  void aReasonGivesTheFiguresAndWhatWasExpected() {
    Gates gates = new Gates(0.01, 2, Duration.ZERO, 0);

    assertThat(gates.violation(measured(50, 0, 50), Measured.NOTHING))
        .contains("error rate 0.5000, 50 of 100 requests (expected at most 0.01)");
    assertThat(gates.violation(measured(0, 100, 0), measured(1000, 0, 0)))
        .hasValueSatisfying(
            reason ->
                assertThat(reason).contains("of the version it replaces (expected at most 2.0"));
  }

  @ParameterizedTest
  @CsvSource({
    "15, 4, false", // too few to tell
    "20, 20, true",
    "100, 2, false",
    "100, 5, true",
    "10000, 120, false",
    "10000, 140, true"
  })
  void answersDifferBeyondChance(long copies, long differing, boolean broken) {
    Gates gates = new Gates(0, 0, Duration.ZERO, 0, 0.01, Tolerance.DEFAULT);
    Measured noTraffic = withCopies(0, copies - differing, differing, 0);

    assertThat(gates.violation(noTraffic, measured(1000, 0, 0)))
        .matches(violation -> violation.isPresent() == broken);
    assertThat(Gates.NONE.violation(noTraffic, measured(1000, 0, 0))).isEmpty();
  }

  private static Measured withCopies(long requests, long same, long differing, long failed) {
    return new Measured(
        requests,
        0,
        BOUNDS,
        new long[] {requests, 0, 0, 0, 0},
        new Comparisons(same, differing, 0, failed, 7, 3.5, "score", "no memory"));
  }

  @Test
  void aDivergenceNamesTheOutputAndTheLargestDifferenceOrWhatFailed() {
    Gates gates = new Gates(0, 0, Duration.ZERO, 0, 0.01, Tolerance.DEFAULT);

    assertThat(gates.violation(withCopies(0, 70, 30, 0), Measured.NOTHING))
        .contains(
            "other answers than the version it replaces to 30 of 100 copies of requests, 0.3000 (expected at most 0.01): output 'score', largest difference 3.500");
    assertThat(gates.violation(withCopies(0, 70, 0, 30), Measured.NOTHING))
        .hasValueSatisfying(reason -> assertThat(reason).endsWith("at most 0.01): no memory"));
  }

  @Test
  void aStepWithoutTrafficNeedsAsManyCopiesAsRequestsAreAskedFor() {
    Gates gates = new Gates(0, 0, Duration.ZERO, 100, 0.01, Tolerance.DEFAULT);

    assertThat(gates.isEnough(withCopies(5, 99, 0, 0), 0)).isFalse();
    assertThat(gates.isEnough(withCopies(0, 99, 1, 0), 0)).isTrue();
    assertThat(gates.isEnough(withCopies(99, 200, 0, 0), 10)).isFalse();
  }

  @Test
  void aStepNeedsAsManyRequestsAsAreAskedFor() {
    Gates gates = new Gates(0, 0, Duration.ZERO, 100);

    assertThat(gates.isEnough(measured(99, 0, 5), 10)).isFalse();
    assertThat(gates.isEnough(measured(100, 0, 0), 10)).isTrue();
    assertThat(gates.isEnough(Measured.NO_CANDIDATE, 10)).isTrue();
    assertThat(
            new Gates(.01, 1, Duration.ofMillis(1), 9)
                .violation(Measured.NO_CANDIDATE, measured(500, 0, 0)))
        .isEmpty();
  }
}
