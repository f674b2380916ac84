// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;

import org.junit.jupiter.api.Test;

/** Who owes whom how much of the replicas' time. Demand is averaged over 50 ms. */
class SharesTest {
  private static final long MILLIS = 1_000_000;
  private static final long WINDOW = Shares.LEAST_WINDOW_NANOS;
  private static final long DEADLINE = 20 * MILLIS;
  private static final int A = Shares.group(0, DEADLINE);
  private static final int B = Shares.group(1, DEADLINE);
  private static final int C = Shares.group(2, DEADLINE);

  /** As if it had always been asked for so much of the time, in turn by A, B and C. */
  private static Shares asked(double[] weights, double... demand) {
    Shares shares = new Shares(weights);
    int[] groups = {A, B, C};
    for (int millis = 0; millis < 1000; millis++) {
      for (int i = 0; i < demand.length; i++) {
        shares.asked(groups[i], (long) (demand[i] * MILLIS));
      }
      shares.update(MILLIS);
    }
    shares.share();
    return shares;
  }

  @Test
  void whoHasHadNoMoreThanOthersOwesNothing() {
    Shares shares = asked(new double[0], 2, 0.5);

    assertThat(shares.owed(A, 10 * MILLIS, 1)).isZero();
    shares.took(A, 1000);
    assertThat(shares.owed(B, 10 * MILLIS, 1)).isZero();
    assertThat(shares.classesWithLess(B)).isZero();
  }

  @Test
  void whoHasHadMoreOwesWhatOthersAreExpectedToSendUntilThen() {
    Shares shares = asked(new double[0], 2, 0.5);
    shares.took(A, 20 * MILLIS);

    assertThat((double) shares.owed(A, 4 * MILLIS, 0)).isCloseTo(2e6, withPercentage(1));
    assertThat((double) shares.owed(A, 2 * MILLIS, 0)).isCloseTo(1e6, withPercentage(1));
    assertThat(shares.owed(A, 0, MILLIS)).isZero();
    assertThat(shares.classesWithLess(A)).isEqualTo(1 << DeadlineClass.of(DEADLINE));
  }

  @Test
  void andWhatChanceMayAddToIt() {
    Shares shares = asked(new double[0], 2, 0.5);
    shares.took(A, 40 * MILLIS);

    // 8 of them, give or take 2.8
    assertThat((double) shares.owed(A, 16 * MILLIS, MILLIS)).isCloseTo(15.07e6, withPercentage(1));
    // half of one: not three times as much
    assertThat((double) shares.owed(A, MILLIS, MILLIS)).isCloseTo(1.25e6, withPercentage(1));
  }

  @Test
  void nobodyOwesMoreThanOthersLack() {
    Shares shares = asked(new double[0], 2, 2);
    shares.took(A, 3000);
    shares.took(B, 1000);

    assertThat(shares.owed(A, DEADLINE, 1)).isCloseTo(2000, offset(1L));
  }

  @Test
  void whatHasBeenHadCountsByWeight() {
    Shares shares = asked(new double[] {3, 1}, 2, 2);
    shares.took(A, 3000);
    shares.took(B, 1000);
    assertThat(shares.owed(A, DEADLINE, 1)).isZero();
    assertThat(shares.owed(B, DEADLINE, 1)).isZero();

    shares.took(B, 100);

    assertThat(shares.owed(B, DEADLINE, 1)).isCloseTo(300, offset(1L));
  }

  @Test
  void sizesOfDeadlineOfATenantShareByWhatIsAskedFor() {
    int patient = Shares.group(0, 10 * DEADLINE);
    Shares shares = new Shares(new double[0]);
    shares.asked(A, 3 * MILLIS);
    shares.asked(patient, MILLIS);
    shares.update(MILLIS);
    shares.share();
    shares.took(A, 3000);
    shares.took(patient, 1000);
    assertThat(shares.owed(patient, DEADLINE, 1)).isZero();

    shares.took(patient, 100);

    assertThat(shares.owed(patient, DEADLINE, 1)).isCloseTo(300, offset(1L));
    assertThat(shares.classesWithLess(patient)).isEqualTo(1 << DeadlineClass.of(DEADLINE));
  }

  @Test
  void aRestIsSavedUpForAWindowAtMost() {
    Shares shares = asked(new double[0], 2, 2, 0.1);
    for (int i = 0; i < 100; i++) {
      shares.took(A, WINDOW);
      shares.took(B, WINDOW);
      shares.share();
    }

    // C lacks what a third may have of a window; what it asks for, 0.1 until then, is more
    shares.took(A, 0);
    double level = (1 - 0.1) / 2 * WINDOW;
    assertThat((double) shares.owed(A, 100 * WINDOW, 0)).isCloseTo(level, withPercentage(1));
  }

  @Test
  void oneByItselfOwesNobodyAnything() {
    Shares shares = asked(new double[0], 4);
    shares.took(A, DEADLINE);

    assertThat(shares.classesWithLess(A)).isZero();
    assertThat(shares.owed(A, DEADLINE, 1)).isZero();
  }

  @Test
  void whoHasGoneIsOwedNothing() {
    Shares shares = asked(new double[0], 2, 0.5);
    shares.took(A, DEADLINE);
    assertThat(shares.owed(A, DEADLINE, 1)).isPositive();

    for (int millis = 0; millis < 2000; millis++) {
      shares.asked(A, 2 * MILLIS);
      shares.update(MILLIS);
    }
    shares.share();

    assertThat(shares.owed(A, DEADLINE, 1)).isZero();
  }
}
