// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.Curves;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** What holds of every policy, whatever it is shown. */
abstract class BatchPolicyContract {
  private static final long NEVER = Long.MAX_VALUE;
  private static final long HOUR = 3_600_000_000_000L;

  private static final List<Curve> CURVES =
      List.of(
          Curve.UNKNOWN,
          Curves.afterRunsOfOneRow(2, 1_000_000, 64),
          Curves.line(5_000_000, 1_000_000, 64),
          Curves.line(5_000, 300, 64),
          Curves.line(0, 1_000_000, 64),
          Curves.line(1_000_000, 0, 64),
          Curves.noisyLine(5_000_000, 1_000_000, 0.3, 64));

  abstract BatchPolicy policy();

  @RepeatedTest(5)
  void everyDecisionIsLegalAndTheSameTwiceAndLooksOnly(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    for (int i = 0; i < 400; i++) {
      long now = random.nextBoolean() ? HOUR : random.nextLong(HOUR);
      FakeQueue queue = randomQueue(random, now);
      String shown = queue.shown();

      Decision decision = policy().decide(now, queue);

      assertLegal(decision, now, queue);
      assertThat(policy().decide(now, queue)).isEqualTo(decision);
      assertThat(queue.shown()).isEqualTo(shown);
    }
  }

  @Test
  void aLaneIsRunOrEmptyAfterAsManyDecisionsAsItHasItems() {
    SplittableRandom random = new SplittableRandom(99);
    for (int i = 0; i < 200; i++) {
      FakeQueue queue = randomQueue(random, HOUR).onAnEventLoop();
      int decisions = queue.items();

      while (queue.items() > 0) {
        Decision decision = policy().decide(HOUR, queue);
        if (decision.kind() == Decision.Kind.RUN) {
          break;
        }
        queue.shed(decision.count());
        decisions--;
      }

      assertThat(decisions).isNotNegative();
    }
  }

  @Test
  void olderRequestsAreNeverLessUrgentThanLaterOnesOfTheirKind() {
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 2000; i++) {
      int priority = random.nextInt(5);
      long arrival = random.nextLong(HOUR);
      long later = arrival + random.nextLong(HOUR);
      long objective = random.nextLong(1, HOUR);

      assertThat(policy().urgency(arrival, arrival + objective, priority))
          .isLessThanOrEqualTo(policy().urgency(later, later + objective, priority));
      assertThat(policy().urgency(arrival, NEVER, priority))
          .isLessThanOrEqualTo(policy().urgency(later, NEVER, priority));
    }
  }

  private static void assertLegal(Decision decision, long now, FakeQueue queue) {
    String told = decision + " for " + queue.shown();
    switch (decision.kind()) {
      case RUN -> assertThat(decision.count()).as(told).isBetween(1, queue.maxBatchRows());
      case SHED -> assertThat(decision.count()).as(told).isBetween(1, queue.items());
      case WAIT -> {
        assertThat(queue.mayWait()).as(told).isTrue();
        assertThat(decision.untilNanos()).as(told).isGreaterThan(now);
      }
    }
  }

  private static FakeQueue randomQueue(SplittableRandom random, long now) {
    Curve curve = CURVES.get(random.nextInt(CURVES.size()));
    long scale = Math.max(1000, curve.mean(8));
    FakeQueue queue = new FakeQueue(curve).ofBatchesUpTo(1 << random.nextInt(7));
    int items = 1 + (int) (random.nextExponential() * 20);
    for (int i = 0; i < items; i++) {
      long arrival = now - random.nextLong(Math.min(now + 1, 4 * scale));
      queue.item(arrival, randomDeadline(random, now, scale), randomRows(random));
    }
    int replicas = random.nextInt(1, 9);
    long[] busy = new long[random.nextInt(replicas + 1)];
    for (int i = 0; i < busy.length; i++) {
      busy[i] = now + random.nextLong(-scale, 4 * scale); // some are late
    }
    queue.replicas(replicas, busy);
    queue.arriving(random.nextInt(8) == 0 ? 0 : Math.pow(10, random.nextDouble(0, 6.5)));
    queue.sinceLastBatch(random.nextInt(4) == 0 ? NEVER : random.nextLong(20 * scale));
    if (random.nextInt(4) == 0) {
      queue.onAnEventLoop();
    }
    if (random.nextInt(4) == 0) {
      queue.orderedByPriority();
    }
    return random.nextInt(10) == 0 ? queue.runningAlone() : queue;
  }

  private static long randomDeadline(SplittableRandom random, long now, long scale) {
    return switch (random.nextInt(6)) {
      case 0 -> NEVER;
      case 1 -> NEVER - 1;
      case 2 -> now + 1;
      case 3 -> now + HOUR;
      default -> now + random.nextLong(1, 8 * scale);
    };
  }

  private static int randomRows(SplittableRandom random) {
    return random.nextInt(4) == 0 ? random.nextInt(1, 100) : 1;
  }
}
