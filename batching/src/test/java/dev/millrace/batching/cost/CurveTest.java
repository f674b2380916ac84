// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CurveTest {
  private static final int MAX_ROWS = 64;

  private static final List<Curve> LEARNED =
      List.of(
          Curves.line(5_000_000, 1_000_000, MAX_ROWS),
          Curves.line(5_000, 300, MAX_ROWS),
          Curves.line(0, 1_000_000, MAX_ROWS),
          Curves.line(1_000_000, 0, MAX_ROWS),
          Curves.noisyLine(5_000_000, 1_000_000, 0.2, MAX_ROWS),
          Curves.afterRunsOfOneRow(1, 2_000_000, MAX_ROWS),
          Curves.afterRunsOfOneRow(100, 1_000, MAX_ROWS));

  static List<Curve> learned() {
    return LEARNED;
  }

  @Test
  void withoutARunOneRowAtATimeIsTriedWhateverItTakes() {
    Curve unknown = Curve.UNKNOWN;

    assertThat(unknown.isKnown()).isFalse();
    assertThat(unknown.limit()).isEqualTo(1);
    assertThat(unknown.cap()).isEqualTo(1);
    assertThat(unknown.knee()).isEqualTo(1);
    assertThat(unknown.rowsWithin(1)).isEqualTo(1);
    assertThat(unknown.sustainable(1, 3)).isEqualTo(1);
    assertThat(unknown.mean(100)).isZero();
    assertThat(unknown.points()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("learned")
  void moreRowsNeverTakeLess(Curve curve) {
    for (int rows = 1; rows < 4 * MAX_ROWS; rows++) {
      assertThat(curve.mean(rows)).isPositive();
      assertThat(curve.mean(rows + 1)).isGreaterThanOrEqualTo(curve.mean(rows));
      assertThat(curve.plus(rows)).isGreaterThanOrEqualTo(curve.mean(rows));
    }
  }

  @ParameterizedTest
  @MethodSource("learned")
  void theRowsWithinATimeFitIntoItAndOneMoreDoesNot(Curve curve) {
    for (long budget = 1; budget < 2 * curve.plus(MAX_ROWS); budget += budget / 7 + 1) {
      int rows = curve.rowsWithin(budget);

      // a nanosecond: times are whole numbers of them
      if (rows > 0) {
        assertThat(curve.plus(rows)).isLessThanOrEqualTo(budget + 1);
      }
      if (rows < 4 * MAX_ROWS) {
        assertThat(curve.plus(rows + 1)).isGreaterThanOrEqualTo(budget - 1);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("learned")
  void asMuchTimeAsABatchTakesIsEnoughForIt(Curve curve) {
    for (int rows = 1; rows <= 2 * MAX_ROWS; rows++) {
      assertThat(curve.rowsWithin(curve.plus(rows) + 1)).isGreaterThanOrEqualTo(rows);
    }
  }

  @ParameterizedTest
  @MethodSource("learned")
  void noTimeIsEnoughForNothing(Curve curve) {
    assertThat(curve.rowsWithin(0)).isZero();
    assertThat(curve.rowsWithin(-1)).isZero();
    assertThat(curve.rowsWithin(Long.MIN_VALUE)).isZero();
  }

  @ParameterizedTest
  @MethodSource("learned")
  void endlessTimeIsEnoughForAnyBatch(Curve curve) {
    assertThat(curve.rowsWithin(Long.MAX_VALUE)).isGreaterThan(1 << 16);
    assertThat(curve.sustainable(Long.MAX_VALUE, 8)).isEqualTo(curve.worthwhile());
  }

  @ParameterizedTest
  @MethodSource("learned")
  void theSustainableBatchLeavesTimeToWaitForTheOneBefore(Curve curve) {
    for (int replicas = 1; replicas <= 16; replicas *= 2) {
      for (long slo = 1000; slo < 1_000_000_000; slo *= 2) {
        int rows = curve.sustainable(slo, replicas);

        assertThat(rows).isBetween(1, curve.worthwhile());
        if (rows > 1) {
          assertThat((double) curve.plus(rows) * (replicas + 1) / replicas)
              .isLessThanOrEqualTo(slo + 2.0);
        }
        if (rows < curve.worthwhile()) {
          assertThat((double) curve.plus(rows + 1) * (replicas + 1) / replicas)
              .isGreaterThanOrEqualTo((double) slo * 0.99);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("learned")
  void moreReplicasSustainLargerBatches(Curve curve) {
    long slo = 2 * curve.plus(8);
    for (int replicas = 1; replicas < 32; replicas++) {
      assertThat(curve.sustainable(slo, replicas + 1))
          .isGreaterThanOrEqualTo(curve.sustainable(slo, replicas));
    }
  }

  @ParameterizedTest
  @MethodSource("learned")
  void theKneeIsBelowTheLimitAndBatchesAreNeverLargerThanAllowed(Curve curve) {
    assertThat(curve.cap()).isBetween(1, MAX_ROWS);
    assertThat(curve.limit()).isBetween(curve.cap(), MAX_ROWS);
    assertThat(curve.knee()).isBetween(1, MAX_ROWS);
  }

  @ParameterizedTest
  @CsvSource({
    // alpha, beta in microseconds: throughput of b rows is b / (alpha + beta b)
    "5000, 1000",
    "1000, 1000",
    "500, 10",
  })
  void atTheKneeMostOfTheThroughputIsReachedAndOneRowBelowItIsNot(long alpha, long beta) {
    Curve curve = Curves.line(alpha * 1e3, beta * 1e3, MAX_ROWS);
    double best = (double) curve.cap() / curve.mean(curve.cap());

    double atKnee = (double) curve.knee() / (double) curve.mean(curve.knee());
    double below = (curve.knee() - 1.0) / (double) curve.mean(Math.max(1, curve.knee() - 1));

    assertThat(atKnee / best).isBetween(0.6, 0.9);
    assertThat(below).isLessThan(atKnee);
    assertThat(below / best).isLessThan(0.75);
  }

  @Test
  void aModelThatGainsNothingHasItsKneeAndItsCapAtOneRow() {
    Curve curve = Curves.line(0, 1_000_000, MAX_ROWS);

    assertThat(curve.knee()).isEqualTo(1);
    assertThat(curve.cap()).isEqualTo(1);
  }

  @Test
  void theClosedFormsAreOfTheLineThatWasRun() {
    Curve curve = Curves.line(5_000_000, 1_000_000, MAX_ROWS);

    assertThat(curve.alpha()).isBetween(4_950_000.0, 5_050_000.0);
    assertThat(curve.beta()).isBetween(990_000.0, 1_010_000.0);
  }

  @Test
  void pointsAreWhatWasSeen() {
    Curve curve = Curves.line(5_000_000, 1_000_000, 8);

    assertThat(curve.points())
        .extracting(Curve.Point::rows)
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(curve.points())
        .allSatisfy(
            point -> assertThat(point.nanos() / (5e6 + 1e6 * point.rows())).isBetween(0.99, 1.01));
  }
}
