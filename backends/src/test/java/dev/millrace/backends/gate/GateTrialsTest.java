// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.gate.Verdict.State;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What gates do to many versions, good and bad ones, on machines that stall. By seeds. */
class GateTrialsTest {
  private static final int ROLLOUTS = 4000;
  private static final int LOOKS = 150;

  private static Gates gates(double ratio) {
    return new Gates(0, ratio, Duration.ZERO, 0);
  }

  @Test
  void ofAThousandEqualVersionsLessThanOneIsTakenBackThoughTheMachineStalls() {
    int takenBack = 0;
    for (int seed = 0; seed < ROLLOUTS; seed++) {
      takenBack += isTakenBack(seed) ? 1 : 0;
    }

    assertThat(takenBack).isLessThan(ROLLOUTS / 1000);
  }

  /** Fifteen seconds, at any rate, share, spread, and frequency of stalls. */
  private static boolean isTakenBack(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double perSecond = 10 * Math.pow(100, random.nextDouble());
    double share = random.nextBoolean() ? 0.05 + 0.45 * random.nextDouble() : 0.5;
    double ratio = 1.2 + 2 * random.nextDouble();
    SimulatedMachine machine =
        new SimulatedMachine(
                seed,
                2 + 20 * random.nextDouble(),
                0.6 * random.nextDouble(),
                1 + random.nextInt(20))
            .before(random.nextInt(2000));
    for (int i = 0; i < LOOKS; i++) {
      Seen seen = machine.look(perSecond * share, 1, perSecond * (1 - share));
      if (gates(ratio).judge(seen).state() == State.BROKEN) {
        return true;
      }
    }
    return false;
  }

  @ParameterizedTest
  @CsvSource({
    // ratio, times slower, spread, requests at most
    "1.5, 2, 0.1, 80",
    "1.5, 2, 0.3, 500",
    "1.5, 3, 0.5, 400",
    "3, 10, 0.5, 80"
  })
  void aSlowerVersionIsTakenBackAfterFewRequests(
      double ratio, double slower, double spread, long requests) {
    for (int seed = 0; seed < 200; seed++) {
      SimulatedMachine machine =
          new SimulatedMachine(seed, 5, spread, Double.POSITIVE_INFINITY).before(1000);
      Seen seen = machine.look(30, slower, 270);
      while (gates(ratio).judge(seen).state() != State.BROKEN) {
        seen = machine.look(30, slower, 270);
        assertThat(seen.candidate().latest().requests()).as("seed %d", seed).isLessThan(requests);
      }
    }
  }

  @Test
  void aSlowerVersionIsTakenBackThoughTheMachineStalls() {
    for (int seed = 0; seed < 200; seed++) {
      SimulatedMachine machine = new SimulatedMachine(seed, 5, 0.2, 5).before(1000);
      Seen seen = machine.look(30, 2, 270);
      while (gates(1.5).judge(seen).state() != State.BROKEN) {
        seen = machine.look(30, 2, 270);
        assertThat(seen.candidate().latest().requests()).as("seed %d", seed).isLessThan(2500);
      }
    }
  }
}
