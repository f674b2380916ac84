// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.Curves;
import dev.millrace.batching.policy.Decision.Kind;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What SlackPull makes of queues that are drawn here; constants are its own affair. */
class SlackPullTest {
  private static final long MILLIS = 1_000_000;
  private static final long SECOND = 1000 * MILLIS;
  private static final long NEVER = Long.MAX_VALUE;
  private static final long NOW = 3600 * SECOND;

  /** As an image model on a GPU: a run costs 5 ms and each row 1 ms. */
  private static final Curve GPU = Curves.line(5.07 * MILLIS, 1.05 * MILLIS, 64);

  private static final Curve NOTHING_GAINED = Curves.line(0, MILLIS, 64);

  private final SlackPull policy = new SlackPull();

  private Decision decide(FakeQueue queue) {
    return policy.decide(NOW, queue);
  }

  private static FakeQueue queue() {
    return new FakeQueue(GPU);
  }

  /** Rows per second that replicas can do at best. */
  private static double capacity(Curve curve, int replicas) {
    return replicas * curve.cap() * 1e9 / curve.mean(curve.cap());
  }

  // --- size

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void aLoneRequestRunsAtOnce(int replicas) {
    for (long deadline : new long[] {NEVER, NOW + 3600 * SECOND, NOW + 50 * MILLIS}) {
      FakeQueue queue = queue().item(NOW, deadline, 1).replicas(replicas).arriving(10);

      assertThat(decide(queue)).isEqualTo(Decision.run(1));
    }
  }

  @Test
  void whatIsUnknownIsRunRowByRow() {
    FakeQueue queue = new FakeQueue(Curve.UNKNOWN).items(50, NOW, NOW + 1).arriving(1e6);

    assertThat(decide(queue)).isEqualTo(Decision.run(1));
  }

  @ParameterizedTest
  @CsvSource({"1, 0.3", "1, 0.8", "3, 0.3", "8, 0.8"})
  void aModelThatGainsNothingFromBatchesGetsNone(int replicas, double load) {
    for (long deadline : new long[] {NEVER, NOW + SECOND}) {
      FakeQueue queue =
          new FakeQueue(NOTHING_GAINED)
              .items(40, NOW, deadline)
              .replicas(replicas)
              .arriving(load * capacity(NOTHING_GAINED, replicas));

      assertThat(decide(queue)).isEqualTo(Decision.run(1));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8})
  void asMuchAsIsAllowedIsTakenWhenMoreComesThanCanBeServed(int replicas) {
    for (long deadline : new long[] {NEVER, NOW + 3600 * SECOND}) {
      FakeQueue queue =
          queue()
              .items(500, NOW, deadline)
              .replicas(replicas)
              .arriving(1.2 * capacity(GPU, replicas));

      assertThat(decide(queue)).isEqualTo(Decision.run(GPU.limit()));
    }
  }

  @Test
  void aSizeThatIsTriedIsTakenAsSoonAsSoManyWait() {
    Curve trying = Curves.trying(5 * MILLIS, MILLIS, 16, 32);

    assertThat(decide(new FakeQueue(trying).items(32, NOW, NEVER).arriving(1)))
        .isEqualTo(Decision.run(32));
    assertThat(decide(new FakeQueue(trying).items(31, NOW, NEVER).arriving(1)).count())
        .isLessThan(16);
  }

  @Test
  void aSizeThatNothingSpeaksForIsTriedOnlyWhenTwiceAsManyWait() {
    Curve trying = Curves.trying(0, MILLIS, 1, 2);

    assertThat(decide(new FakeQueue(trying).items(3, NOW, NEVER).arriving(1)))
        .isEqualTo(Decision.run(1));
    assertThat(decide(new FakeQueue(trying).items(4, NOW, NEVER).arriving(1)))
        .isEqualTo(Decision.run(2));
  }

  @Test
  void noMoreIsTakenThanTheQueueAllows() {
    FakeQueue queue = queue().items(500, NOW, NEVER).ofBatchesUpTo(7).arriving(1e6);

    assertThat(decide(queue)).isEqualTo(Decision.run(7));
  }

  @ParameterizedTest
  @CsvSource({"1, 4", "1, 10", "1, 40", "3, 10", "8, 40"})
  void whatWaitsIsDrainedInBatchesByTheSquareRootRule(int replicas, int waiting) {
    FakeQueue queue = queue().items(waiting, NOW, NEVER).replicas(replicas).arriving(1);

    Decision decision = decide(queue);

    double rule = Math.sqrt(GPU.alpha() * waiting / Math.sqrt(replicas) / GPU.beta());
    assertThat(decision.kind()).isEqualTo(Kind.RUN);
    assertThat((double) decision.count())
        .isBetween(Math.min(waiting, Math.floor(rule)), Math.min(waiting, Math.ceil(rule)));
  }

  /** Time in total, but for a factor, to drain rows in batches of a size while others come. */
  private static double drain(double waiting, int size, double keepingUp) {
    return (waiting + size) * (GPU.alpha() + GPU.beta() * size) / (size - keepingUp);
  }

  @ParameterizedTest
  @CsvSource({"0.1, 20", "0.4, 20", "0.4, 60", "0.6, 40"})
  void ofAllSizesTheOneThatDrainsALoneReplicasQueueWithLeastWaitingIsTaken(
      double load, int waiting) {
    double rate = load * capacity(GPU, 1);
    double perNano = rate / 1e9;
    // as the policy has it: of nine tenths of the replica's time, and 1.15 times as much in bursts
    double keepingUp = 1.15 * perNano * GPU.alpha() / (0.9 - perNano * GPU.beta());

    int size = decide(queue().items(waiting, NOW, NEVER).arriving(rate)).count();

    assertThat(drain(waiting, size, keepingUp))
        .isLessThan(drain(waiting, size - 1, keepingUp))
        .isLessThan(drain(waiting, size + 1, keepingUp));
  }

  @Test
  void moreWaitingRowsMakeLargerBatchesAndLessThanInProportion() {
    int before = 0;
    for (int waiting = 1; waiting <= 200; waiting++) {
      int size = decide(queue().items(waiting, NOW, NEVER).arriving(1)).count();

      assertThat(size).isBetween(before, Math.min(waiting, GPU.limit()));
      before = size;
    }
    int few = decide(queue().items(16, NOW, NEVER).arriving(1)).count();
    int many = decide(queue().items(64, NOW, NEVER).arriving(1)).count();
    assertThat(many).isBetween((int) (1.5 * few), (int) (2.5 * few));
  }

  @Test
  void moreTrafficMakesLargerBatches() {
    int before = 0;
    for (double load = 0; load < 1.5; load += 0.05) {
      double rate = load * capacity(GPU, 2);
      int size = decide(queue().items(64, NOW, NEVER).replicas(2).arriving(rate)).count();

      assertThat(size).isGreaterThanOrEqualTo(before);
      before = size;
    }
    assertThat(before).isEqualTo(GPU.limit());
  }

  @Test
  void batchesKeepUpWithTheArrivals() {
    for (int replicas = 1; replicas <= 8; replicas *= 2) {
      for (double load = 0.1; load < 0.85; load += 0.05) {
        double rate = load * capacity(GPU, replicas);
        int size = decide(queue().items(64, NOW, NEVER).replicas(replicas).arriving(rate)).count();

        assertThat(replicas * size * 1e9 / GPU.mean(size)).isGreaterThan(rate);
      }
    }
  }

  @Test
  void whatRunsAloneIsRunAlone() {
    FakeQueue never = queue().items(9, NOW, NEVER).runningAlone().arriving(1e6);
    FakeQueue soon = queue().items(9, NOW, NOW + SECOND).runningAlone().arriving(1e6);

    assertThat(decide(never)).isEqualTo(Decision.run(1));
    assertThat(decide(soon)).isEqualTo(Decision.run(1));
  }

  // --- waiting

  /** Three to six rows keep replicas busy; one waits, and others run. */
  private static FakeQueue staggering(int replicas, long deadline) {
    long[] busy = new long[replicas - 1];
    Arrays.fill(busy, NOW + 3 * MILLIS);
    return queue()
        .item(NOW, deadline, 1)
        .replicas(replicas, busy)
        .arriving(0.45 * capacity(GPU, replicas));
  }

  @ParameterizedTest
  @CsvSource({"1, false", "2, false", "3, true", "4, true", "8, true"})
  void anIdleReplicaWaitsForItsShareIfTheyAreManyAndOthersRun(int replicas, boolean waits) {
    Decision decision = decide(staggering(replicas, NEVER));

    assertThat(decision.kind()).isEqualTo(waits ? Kind.WAIT : Kind.RUN);
    if (waits) {
      assertThat(decision.untilNanos()).isBetween(NOW + 1, NOW + 10 * MILLIS);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, false", "2, true", "4, true"})
  void withDeadlinesTwoReplicasAreEnoughToWait(int replicas, boolean waits) {
    long deadline = NOW + 60 * MILLIS;

    Decision decision = decide(staggering(replicas, deadline));

    assertThat(decision.kind()).isEqualTo(waits ? Kind.WAIT : Kind.RUN);
    if (waits) {
      assertThat(decision.untilNanos()).isBetween(NOW + 1, deadline - GPU.plus(1));
    }
  }

  @Test
  void nobodyWaitsPastWhatADeadlineAllows() {
    for (long slack = 7 * MILLIS; slack < 40 * MILLIS; slack += MILLIS / 4) {
      Decision decision = decide(staggering(4, NOW + slack));

      if (decision.kind() == Kind.WAIT) {
        assertThat(decision.untilNanos() + GPU.plus(1)).isLessThanOrEqualTo(NOW + slack);
      }
    }
  }

  @Test
  void aWaitIsNotCutShortWhenLittleOfItIsLeft() {
    FakeQueue queue = staggering(4, NEVER);
    long until = decide(queue).untilNanos();

    assertThat(policy.decide(until - 10_000, queue)).isEqualTo(Decision.waitUntil(until));
    assertThat(policy.decide(until, queue).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void aWaitThatIsShorterThanASleepIsNotTaken() {
    Curve quick = Curves.line(20_000, 1_000, 64);
    FakeQueue queue =
        new FakeQueue(quick)
            .item(NOW, NEVER, 1)
            .replicas(4, NOW + 20_000, NOW + 20_000, NOW + 20_000)
            .arriving(0.45 * capacity(quick, 4));

    assertThat(decide(queue).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void aReplicaDoesNotWaitWhenAllAreIdle() {
    FakeQueue idle = queue().item(NOW, NEVER, 1).replicas(4).arriving(0.45 * capacity(GPU, 4));

    assertThat(decide(idle).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void aReplicaDoesNotWaitForWhatIsThere() {
    assertThat(decide(staggering(4, NEVER).items(10, NOW, NEVER)).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void aReplicaDoesNotWaitWhenTheHeadHasWaited() {
    FakeQueue queue =
        queue()
            .item(NOW - 20 * MILLIS, NEVER, 1)
            .replicas(4, NOW + MILLIS, NOW + MILLIS, NOW + MILLIS)
            .arriving(0.45 * capacity(GPU, 4));

    assertThat(decide(queue).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void aReplicaDoesNotWaitForWhatCostsMoreThanItSaves() {
    // 100 rows a second: the next one comes later than a whole run takes
    assertThat(decide(staggering(4, NEVER).arriving(100)).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void anEventLoopDoesNotWait() {
    assertThat(decide(staggering(4, NEVER).onAnEventLoop()).kind()).isEqualTo(Kind.RUN);
    assertThat(decide(staggering(4, NOW + 60 * MILLIS).onAnEventLoop()).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void whoeverHasWaitedUntilTheEndIsRun() {
    FakeQueue queue = staggering(4, NEVER);
    Decision decision = decide(queue);
    assertThat(decision.kind()).isEqualTo(Kind.WAIT);

    assertThat(policy.decide(decision.untilNanos(), queue).kind()).isEqualTo(Kind.RUN);
  }

  // --- deadlines

  @Test
  void aBatchIsNoLargerThanItsDeadlineAllows() {
    for (int fits = 1; fits < 30; fits++) {
      long deadline = NOW + GPU.plus(fits) + MILLIS / 10;
      FakeQueue queue = queue().items(60, NOW, deadline).arriving(1e5);

      assertThat(decide(queue)).isEqualTo(Decision.run(fits));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void headsThatAreLateForCertainAreShed(int late) {
    FakeQueue queue = queue();
    queue.items(late, NOW - SECOND, NOW + GPU.plus(1) - MILLIS);
    queue.items(10, NOW, NOW + SECOND);

    assertThat(decide(queue)).isEqualTo(Decision.shed(late));
  }

  @ParameterizedTest
  @ValueSource(longs = {-3600 * SECOND, -1, 0, 1})
  void whatCannotBeInTimeIsShed(long remaining) {
    FakeQueue queue = queue().item(NOW - SECOND, NOW + remaining, 1);

    assertThat(decide(queue)).isEqualTo(Decision.shed(1));
  }

  @Test
  void anItemOfManyRowsNeedsTheTimeOfAll() {
    FakeQueue late = queue().item(NOW, NOW + GPU.plus(20) - MILLIS, 20);
    FakeQueue inTime = queue().item(NOW, NOW + GPU.plus(20) + MILLIS, 20);

    assertThat(decide(late)).isEqualTo(Decision.shed(1));
    assertThat(decide(inTime).kind()).isEqualTo(Kind.RUN);
  }

  @Test
  void theLargestItemInNoHurryIsRun() {
    FakeQueue queue = queue().item(NOW, NOW + 3600 * 1000 * SECOND, 2_000_000).runningAlone();

    assertThat(decide(queue).kind()).isEqualTo(Kind.RUN);
  }

  @ParameterizedTest
  @ValueSource(longs = {NOW + 3600 * SECOND, NEVER - 1, NEVER})
  void aDistantDeadlineIsAsGoodAsNone(long deadline) {
    for (int waiting : new int[] {1, 5, 60}) {
      Decision decision = decide(queue().items(waiting, NOW, deadline).arriving(200));
      Decision without = decide(queue().items(waiting, NOW, NEVER).arriving(200));

      assertThat(decision.kind()).isEqualTo(Kind.RUN);
      assertThat(decision.count()).isBetween(without.count() - 2, without.count() + 2);
    }
  }

  @Test
  void nobodyIsShedForWhatAFewRunsSay() {
    FakeQueue queue =
        new FakeQueue(Curves.afterRunsOfOneRow(2, SECOND, 64)).items(3, NOW, NOW + MILLIS);

    assertThat(decide(queue)).isEqualTo(Decision.run(1));
  }

  @Test
  void oneIsTriedWhenPredictionsHaveShedAllWorkForAWhile() {
    FakeQueue queue = queue().items(3, NOW, NOW + MILLIS).sinceLastBatch(10 * SECOND);
    FakeQueue busy =
        queue().items(3, NOW, NOW + MILLIS).sinceLastBatch(10 * SECOND).replicas(2, NOW + MILLIS);

    assertThat(decide(queue).kind()).isEqualTo(Kind.RUN);
    assertThat(decide(busy).kind()).isEqualTo(Kind.RUN); // other shapes are no evidence
  }

  @Test
  void aHeadIsKeptIfDroppingItGainsNothing() {
    FakeQueue queue = queue();
    queue.item(NOW - 20 * MILLIS, NOW + GPU.plus(1) + MILLIS / 10, 1);
    queue.item(NOW, NOW + 60 * MILLIS, 1);

    assertThat(decide(queue.arriving(10))).isEqualTo(Decision.run(1));
  }

  @Test
  void aHeadIsDroppedIfKeepingItCostsOthersTheirs() {
    FakeQueue queue = queue();
    long objective = 40 * MILLIS;
    queue.item(NOW - objective + GPU.plus(2), NOW + GPU.plus(2) + MILLIS / 10, 1);
    queue.items(40, NOW - objective / 2, NOW + GPU.plus(16));

    assertThat(decide(queue.arriving(3 * capacity(GPU, 1))).kind()).isEqualTo(Kind.SHED);
  }

  // --- order

  @Test
  void theEarlierDeadlineIsServedFirst() {
    assertThat(policy.urgency(NOW, NOW + 10, 0)).isLessThan(policy.urgency(NOW - 5, NOW + 11, 0));
  }

  @Test
  void noDeadlineIsServedAfterThePatienceThatAllHave() {
    long urgency = policy.urgency(NOW, NEVER, 0);

    assertThat(urgency).isEqualTo(NOW + BatchPolicy.PATIENCE_NANOS);
    assertThat(policy.urgency(NOW, NOW + 3600 * SECOND, 0)).isEqualTo(urgency);
  }

  @ParameterizedTest
  @ValueSource(longs = {MILLIS, 100 * MILLIS, 10 * SECOND, 3600 * SECOND, NEVER - 1 - NOW, NEVER})
  void lowerClassesAreServedLaterAndNobodyStarves(long objective) {
    long deadline = objective == NEVER ? NEVER : NOW + objective;
    long first = policy.urgency(NOW, deadline, 0);
    long most = Math.max(10 * Math.min(objective, SECOND), SECOND);

    assertThat(policy.urgency(NOW, deadline, 1)).isGreaterThan(first);
    for (int priority = 1; priority < 300; priority++) {
      assertThat(policy.urgency(NOW, deadline, priority))
          .isGreaterThanOrEqualTo(policy.urgency(NOW, deadline, priority - 1))
          .isLessThanOrEqualTo(first + most);
    }
    assertThat(policy.urgency(NOW, deadline, Integer.MAX_VALUE)).isBetween(first, first + most);
    assertThat(policy.urgency(NOW, deadline, -1)).isEqualTo(first);
  }

  @Test
  void aLowerClassIsServedBeforeAHigherOneThatComesMuchLater() {
    long low = policy.urgency(NOW, NOW + 50 * MILLIS, 3);
    long high = policy.urgency(NOW + 2 * SECOND, NOW + 2 * SECOND + 50 * MILLIS, 0);

    assertThat(low).isLessThan(high);
  }

  @Test
  void timesAtTheEndsDoNotOverflow() {
    for (int priority : new int[] {0, 1, 7, 64, Integer.MAX_VALUE}) {
      for (long deadline : new long[] {NEVER, NEVER - 1, NEVER - SECOND}) {
        assertThat(policy.urgency(0, deadline, priority)).isNotNegative();
        assertThat(policy.urgency(NOW, deadline, priority)).isGreaterThan(NOW);
      }
    }
  }

  // --- priorities

  @Test
  void whoeverWouldBeLateInABatchThatPrioritiesOrderGetsNoPlaceInIt() {
    FakeQueue queue = queue().items(8, NOW, NOW + SECOND).items(8, NOW, NOW + 10 * MILLIS);
    queue.arriving(2 * capacity(GPU, 1));
    int rows = decide(queue).count();

    assertThat(rows).isBetween(9, 16);
    assertThat(decide(queue.orderedByPriority()))
        .isEqualTo(Decision.run(rows, NOW + GPU.mean(rows)));
  }

  @Test
  void aSmallerBatchIsRunWhereTheLargerOneWouldBeLateForMostOfIt() {
    FakeQueue queue = queue().item(NOW, NOW + 40 * MILLIS, 1).items(28, NOW, NOW + 15 * MILLIS);
    int alike = decide(queue.arriving(2 * capacity(GPU, 1))).count();
    Decision decision = decide(queue.orderedByPriority());

    assertThat(NOW + GPU.mean(alike)).isGreaterThan(NOW + 15 * MILLIS);
    assertThat(decision.count()).isBetween(4, 9);
    assertThat(decision.untilNanos()).isLessThanOrEqualTo(NOW + 15 * MILLIS);
  }

  @Test
  void nobodyIsRefusedForWhatIsNotKnownOfABatchThatPrioritiesOrder() {
    FakeQueue queue = queue().items(4, NOW - SECOND, NOW + 1).orderedByPriority();

    assertThat(decide(queue.sinceLastBatch(NEVER)).untilNanos()).isEqualTo(Long.MIN_VALUE);
    queue = new FakeQueue(Curve.UNKNOWN).items(4, NOW - SECOND, NOW + 1).orderedByPriority();
    assertThat(decide(queue)).isEqualTo(Decision.run(1));
  }
}
