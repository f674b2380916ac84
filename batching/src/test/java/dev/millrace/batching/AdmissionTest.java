// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.millrace.batching.VirtualReplicas.Source;
import dev.millrace.batching.policy.SlackPull;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in and who is turned away at the door. Runs take 5 ms, and 1 ms for each row. */
class AdmissionTest {
  private static final long MILLIS = 1_000_000;
  private static final long SECOND = 1000 * MILLIS;
  private static final long NEVER = Long.MAX_VALUE;
  private static final long ALPHA = 5 * MILLIS;
  private static final long BETA = MILLIS;
  private static final int MAX_ROWS = 32;
  private static final QueueLimits LIMITS = new QueueLimits(MAX_ROWS, 1_000_000, 1L << 40, 1 << 14);

  private static SteppedQueue queue(double... weights) {
    SteppedQueue stepped =
        new SteppedQueue(LIMITS, new Fairness(weights), new SlackPull())
            .knowing(ALPHA, BETA, MAX_ROWS);
    stepped.nowNanos.set(MILLIS);
    return stepped;
  }

  private static VirtualReplicas replicas(SteppedQueue stepped, int count) {
    return new VirtualReplicas(stepped, count, ALPHA, BETA);
  }

  // --- one by one

  @Test
  void whatNoRunCouldAnswerInTimeIsRefused() {
    SteppedQueue stepped = queue();
    long now = stepped.nowNanos.get();

    assertThat(stepped.offer(item("late").due(now + ALPHA))).isEqualTo(Rejection.INFEASIBLE);
    assertThat(stepped.offer(item("large").ofRows(20).due(now + 20 * MILLIS)))
        .isEqualTo(Rejection.INFEASIBLE);
    assertThat(stepped.offer(item("in time").due(now + 7 * MILLIS))).isNull();
    assertThat(stepped.queue.queuedRows()).isEqualTo(1);
  }

  @Test
  void nobodyIsRefusedForWhatAFewRunsSay() {
    SteppedQueue stepped = new SteppedQueue(LIMITS, new SlackPull());
    stepped.queue.seed(1, 1, SECOND);
    stepped.queue.seed(1, 1, SECOND);

    assertThat(stepped.offer(item("soon").due(MILLIS))).isNull();
  }

  @Test
  void rowsOfAnotherSizeAreNotRefusedForWhatTheseTake() {
    SteppedQueue stepped = queue();

    assertThat(stepped.offer(item("soon").ofRowSize(1 << 20).due(2 * MILLIS))).isNull();
  }

  @Test
  void aBurstBelowOverloadIsLetIn() {
    SteppedQueue stepped = queue();

    for (int i = 0; i < 200; i++) {
      stepped.offerAll(item("i" + i).due(stepped.nowNanos.get() + 40 * MILLIS));
    }

    assertThat(stepped.queue.queuedRows()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, 3600 * SECOND})
  void withoutADeadlineNearbyAsMuchWaitsAsCanBeServedInTheTimeAllowed(long deadline) {
    QueueLimits limits = new QueueLimits(MAX_ROWS, 1_000_000, 1L << 40, 1 << 14, SECOND);
    SteppedQueue stepped = new SteppedQueue(limits, new SlackPull()).knowing(ALPHA, BETA, MAX_ROWS);
    int accepted = 0;
    Rejection refusal = null;

    while (refusal == null) {
      refusal = stepped.offer(item("i").due(deadline));
      accepted += refusal == null ? 1 : 0;
    }

    assertThat(refusal).isEqualTo(Rejection.OVERLOAD);
    double inASecond = MAX_ROWS * 1e9 / (ALPHA + BETA * MAX_ROWS);
    assertThat((double) accepted).isCloseTo(inASecond, withPercentage(5));
    assertThat(stepped.queue.backlogNanos(1)).isCloseTo(SECOND, withPercentage(5));
  }

  @Test
  void aTurnComesWhenTheReplicaIsFreeAndThoseBeforeAreServed() {
    SteppedQueue stepped = queue();
    assertThat(stepped.queue.waitNanos(1, MILLIS)).isZero();

    stepped.offer(item("runs"));
    assertThat(stepped.queue.poll(stepped.batch)).isZero();
    assertThat(stepped.queue.waitNanos(1, MILLIS)).isCloseTo(ALPHA + BETA, withPercentage(5));

    for (int i = 0; i < MAX_ROWS; i++) {
      stepped.offer(item("waits"));
    }
    assertThat(stepped.queue.waitNanos(1, 3 * MILLIS))
        .isCloseTo(ALPHA + BETA - 2 * MILLIS + ALPHA + MAX_ROWS * BETA, withPercentage(5));
    assertThat(stepped.queue.waitNanos(999, SECOND)).as("of a size that is unknown").isZero();
  }

  @Test
  void whatIsSeededIsKnownAndReported() {
    SteppedQueue stepped = queue();

    QueueReport report = stepped.queue.report();

    assertThat(stepped.queue.expectedNanos(1, 3)).isCloseTo(8 * MILLIS, withPercentage(3));
    assertThat(stepped.queue.expectedNanos(999, 3)).isZero();
    assertThat(report.curves()).singleElement().satisfies(c -> assertThat(c.rowSize()).isOne());
    assertThat(report.batches()).isZero();
    assertThat(report.load()).isZero();
    assertThat(stepped.queue.backlogNanos(1)).isZero();
  }

  @Test
  void whatWasDecidedIsReported() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    Source source = virtual.source(400, NEVER, 0);

    virtual.run(5 * SECOND);

    QueueReport report = stepped.queue.report();
    assertThat(report.replicas()).isEqualTo(2);
    assertThat(report.arrivalRate()).isCloseTo(400, withPercentage(50));
    assertThat((double) report.chosenRows())
        .isCloseTo((double) source.offered(), withPercentage(3));
    assertThat(report.batches()).isPositive().isLessThanOrEqualTo(report.chosenRows());
    assertThat(report.queuedRows()).isGreaterThanOrEqualTo(report.chosenRows());
    assertThat(report.medianError()).isLessThan(0.1);
  }

  // --- load

  @ParameterizedTest
  @CsvSource({"1, 0.3", "1, 0.6", "2, 0.6", "8, 0.7"})
  void everybodyIsLetInWhileLessIsAskedForThanCanBeServed(int count, double load) {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, count);
    Source source = virtual.source(load * virtual.capacity(MAX_ROWS), 100 * MILLIS, 0);

    virtual.run(10 * SECOND);

    assertThat(source.refused()).isEmpty();
    assertThat((double) source.onTime()).isCloseTo((double) source.offered(), withPercentage(2));
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "1, 6", "2, 4", "8, 4"})
  void inOverloadTheReplicasStayBusyWithWhatIsInTime(int count, double load) {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, count);
    Source source = virtual.source(load * virtual.capacity(MAX_ROWS), 100 * MILLIS, 0);

    virtual.run(10 * SECOND);

    assertThat(source.refused()).containsOnlyKeys(Rejection.OVERLOAD);
    assertThat(stepped.queue.report().load()).isGreaterThan(1);
    assertThat(source.onTime()).isGreaterThan((long) (10 * 0.85 * virtual.capacity(MAX_ROWS)));
    assertThat((double) source.onTime()).isGreaterThan(0.95 * (double) source.answered());
    // and most of what is let in is worth it
    assertThat((double) source.onTime()).isGreaterThan(0.9 * (double) source.letIn());
  }

  @Test
  void anOverloadIsOverWhenAReplicaHasNothingToDo() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    virtual.source(4 * virtual.capacity(MAX_ROWS), 50 * MILLIS, 0);
    virtual.run(2 * SECOND);
    assertThat(stepped.queue.report().load()).isGreaterThan(1);

    virtual.silence();
    virtual.run(100 * MILLIS);

    assertThat(stepped.queue.report().load()).isLessThanOrEqualTo(1);
    for (int i = 0; i < 20; i++) {
      stepped.offerAll(item("i").due(stepped.nowNanos.get() + 50 * MILLIS));
    }
  }

  @Test
  void afterAnOverloadEverybodyIsLetInAgain() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    virtual.source(4 * virtual.capacity(MAX_ROWS), 50 * MILLIS, 0);
    virtual.run(2 * SECOND);
    virtual.silence();
    Source source = virtual.source(0.5 * virtual.capacity(MAX_ROWS), 100 * MILLIS, 0);

    virtual.run(SECOND); // the queue runs empty within
    long refusedBefore = source.offered() - source.letIn();
    virtual.run(5 * SECOND);

    assertThat(source.offered() - source.letIn()).isEqualTo(refusedBefore);
  }

  // --- shares

  @Test
  void aSmallTenantGetsWhatItAsksForBesideALargeOne() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    double capacity = virtual.capacity(MAX_ROWS);
    Source small = virtual.source(4.0 / 9 * capacity, 100 * MILLIS, 1);
    Source large = virtual.source(32.0 / 9 * capacity, 100 * MILLIS, 2);

    virtual.run(20 * SECOND);

    // asks for less than half of what there is
    assertThat((double) small.onTime()).isGreaterThan(0.97 * (double) small.offered());
    assertThat((double) (small.onTime() + large.onTime())).isGreaterThan(20 * 0.97 * capacity);
  }

  @Test
  void tenantsThatAskForTooMuchGetTheSameWhateverTheyAskFor() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    double capacity = virtual.capacity(MAX_ROWS);
    Source one = virtual.source(capacity, 100 * MILLIS, 1);
    Source eight = virtual.source(8 * capacity, 100 * MILLIS, 2);

    virtual.run(20 * SECOND);

    assertThat((double) one.onTime()).isCloseTo((double) eight.onTime(), withPercentage(20));
  }

  @Test
  void weightsAreKept() {
    SteppedQueue stepped = queue(1, 2, 1);
    VirtualReplicas virtual = replicas(stepped, 2);
    double capacity = virtual.capacity(MAX_ROWS);
    Source heavy = virtual.source(2 * capacity, 100 * MILLIS, 1);
    Source light = virtual.source(2 * capacity, 100 * MILLIS, 2);

    virtual.run(20 * SECOND);

    assertThat((double) heavy.onTime() / (double) light.onTime()).isCloseTo(2, withPercentage(20));
  }

  @Test
  void whatATenantLeavesGoesToTheOthers() {
    SteppedQueue stepped = queue(1, 9, 1);
    VirtualReplicas virtual = replicas(stepped, 2);
    double capacity = virtual.capacity(MAX_ROWS);
    virtual.source(0.1 * capacity, 100 * MILLIS, 1);
    Source light = virtual.source(3 * capacity, 100 * MILLIS, 2);

    virtual.run(20 * SECOND);

    assertThat((double) light.onTime()).isGreaterThan(20 * 0.8 * 0.9 * capacity);
  }

  @Test
  void thoseInNoHurryAreNotStarvedByThoseWhoAreNorTheOtherWayRound() {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    double capacity = virtual.capacity(MAX_ROWS);
    Source hurried = virtual.source(2 * capacity, 50 * MILLIS, 0);
    Source patient = virtual.source(2 * capacity, 400 * MILLIS, 0);

    virtual.run(20 * SECOND);

    double all = hurried.onTime() + patient.onTime();
    assertThat(hurried.onTime() / all).isBetween(0.25, 0.75);
  }

  @Test
  void weightsAreAboveZero() {
    for (double weight : List.of(0.0, -1.0, Double.NaN)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Fairness(new double[] {1, weight}))
          .withMessageContaining("expected numbers above 0");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 15, 16, Integer.MAX_VALUE})
  void tenantsAndPrioritiesOutOfRangeCountAsTheNearest(int number) {
    SteppedQueue stepped = queue();
    VirtualReplicas virtual = replicas(stepped, 2);
    virtual.source(4 * virtual.capacity(MAX_ROWS), 100 * MILLIS, number);
    virtual.run(SECOND);
    virtual.silence();
    virtual.run(SECOND);

    TestItem item = item("odd").ofPriority(number).ofTenant(number);
    stepped.offerAll(item.due(stepped.nowNanos.get() + 100 * MILLIS));
    virtual.run(100 * MILLIS);

    assertThat(item.completions()).isOne();
    assertThat(stepped.queue.faults()).isZero();
    assertThat(stepped.queue.admission().classedWork()).isZero();
  }

  // --- trust

  @ParameterizedTest
  @ValueSource(longs = {60 * MILLIS, SECOND})
  void predictionsThatRefuseEverybodyAreCorrected(long predicted) {
    SteppedQueue stepped = new SteppedQueue(LIMITS, new SlackPull());
    for (int i = 0; i < 100; i++) {
      stepped.queue.seed(1, 1, predicted);
    }
    stepped.nowNanos.set(SECOND);
    VirtualReplicas virtual = replicas(stepped, 1);
    Source source = virtual.source(50, 50 * MILLIS, 0);
    virtual.run(4 * predicted);
    assertThat(source.letIn()).isLessThan(3);

    // one is let in every four runs, as long as these were thought to be: two of them are believed
    virtual.run(12 * predicted);
    long before = source.onTime();
    long offeredBefore = source.offered();
    virtual.run(5 * SECOND);

    assertThat((double) (source.onTime() - before))
        .isGreaterThan(0.9 * (double) (source.offered() - offeredBefore));
  }
}
