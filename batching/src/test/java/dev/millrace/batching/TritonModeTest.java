// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.batching.policy.TritonPolicy;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Batches as Triton forms them, in a queue that is stepped by hand. */
class TritonModeTest {
  private static final long DELAY = 1_000;
  private static final long NEVER = Long.MAX_VALUE;

  private static SteppedQueue queue(long delayNanos, int... preferredRows) {
    return new SteppedQueue(
        new QueueLimits(8, 100, 10_000, 64), new TritonPolicy(preferredRows, delayNanos));
  }

  /** What a replica that can wait gets: the names in its batch, or the time to come again. */
  private static Object poll(SteppedQueue stepped) {
    long until = stepped.queue.poll(stepped.batch);
    return until == 0 ? stepped.batch.items().stream().map(TestItem::toString).toList() : until;
  }

  private static void offer(SteppedQueue stepped, int from, int to) {
    for (int i = from; i <= to; i++) {
      stepped.offerAll(item("" + i));
    }
  }

  // --- sizes

  @Test
  void runsWhatThereIsWithoutADelay() {
    SteppedQueue stepped = queue(0);
    offer(stepped, 1, 3);

    assertThat(poll(stepped)).isEqualTo(List.of("1", "2", "3"));
  }

  @Test
  void takesTheLargestPreferredSizeThatIsThere() {
    SteppedQueue stepped = queue(0, 6, 2, 4);
    offer(stepped, 1, 5);

    assertThat(poll(stepped)).isEqualTo(List.of("1", "2", "3", "4"));
    assertThat(poll(stepped)).isEqualTo(List.of("5"));
  }

  @Test
  void waitsForAPreferredSizeUntilTheOldestHasWaitedForTheDelay() {
    SteppedQueue stepped = queue(DELAY, 4);
    stepped.nowNanos.set(100);
    offer(stepped, 1, 2);
    assertThat(poll(stepped)).isEqualTo(100 + DELAY);

    stepped.nowNanos.set(900);
    offer(stepped, 3, 3);
    assertThat(poll(stepped)).isEqualTo(100 + DELAY);

    stepped.nowNanos.set(100 + DELAY);
    assertThat(poll(stepped)).isEqualTo(List.of("1", "2", "3"));
  }

  @Test
  void runsAPreferredSizeBeforeTheDelayAndWaitsWithTheRest() {
    SteppedQueue stepped = queue(DELAY, 2, 8);
    offer(stepped, 1, 3);

    assertThat(poll(stepped)).isEqualTo(List.of("1", "2"));
    assertThat(poll(stepped)).isEqualTo(DELAY);
  }

  @Test
  void runsEverythingOnceTheDelayHasPassed() {
    SteppedQueue stepped = queue(DELAY, 4);
    offer(stepped, 1, 6);
    stepped.nowNanos.set(DELAY);

    assertThat(poll(stepped)).isEqualTo(List.of("1", "2", "3", "4", "5", "6"));
  }

  @Test
  void waitsForTheLargestBatchIfNoSizeIsPreferred() {
    SteppedQueue stepped = queue(DELAY);
    offer(stepped, 1, 7);
    assertThat(poll(stepped)).isEqualTo(DELAY);

    offer(stepped, 8, 9);
    assertThat(poll(stepped)).isEqualTo(List.of("1", "2", "3", "4", "5", "6", "7", "8"));
  }

  @Test
  void waitsNoLongerWhenTheNextRequestWouldNotFit() {
    SteppedQueue stepped = queue(DELAY, 8);
    stepped.offerAll(item("a").ofRows(5), item("b").ofRows(4));

    assertThat(poll(stepped)).isEqualTo(List.of("a"));
    assertThat(poll(stepped)).isEqualTo(DELAY);
  }

  @Test
  void aPreferredSizeIsOneThatWholeRequestsMake() {
    SteppedQueue stepped = queue(DELAY, 4);
    stepped.offerAll(item("a").ofRows(3));
    assertThat(poll(stepped)).isEqualTo(DELAY);

    stepped.offerAll(item("b").ofRows(3));
    assertThat(poll(stepped)).isEqualTo(List.of("a", "b"));
  }

  @Test
  void neverWaitsForAnEventLoop() {
    SteppedQueue stepped = queue(DELAY, 4);
    offer(stepped, 1, 2);

    assertThat(stepped.next()).containsExactly("1", "2");
  }

  @Test
  void aDelayWithoutEndDoesNotOverflow() {
    SteppedQueue stepped = queue(Long.MAX_VALUE, 4);
    stepped.nowNanos.set(1L << 60);
    offer(stepped, 1, 1);

    assertThat((Long) poll(stepped)).isGreaterThan(1L << 60);
  }

  @Test
  void saysWhichSizesItCannotPrefer() {
    assertThatThrownBy(() -> new TritonPolicy(new int[] {4, 0}, 0))
        .hasMessage("preferredRows: [0, 4], delayNanos: 0 (expected 1 or more, and 0 or more)");
  }

  // --- order

  @Test
  void servesLevelsStrictlyAndEachInTheOrderOfArrival() {
    SteppedQueue stepped = queue(0);
    stepped.offerAll(
        item("low 1").ofPriority(2),
        item("high 1"),
        item("low 2").ofPriority(2).due(50),
        item("middle").ofPriority(1),
        item("high 2").due(40));

    assertThat(poll(stepped)).isEqualTo(List.of("high 1", "high 2", "middle", "low 1", "low 2"));
  }

  // --- times

  @Test
  void rejectsWhatWasNotStartedInTime() {
    SteppedQueue stepped = queue(0);
    TestItem late = item("late").startingBy(10);
    stepped.offerAll(late, item("in time").startingBy(11));
    stepped.nowNanos.set(10);

    assertThat(poll(stepped)).isEqualTo(List.of("in time"));
    assertThat(late.rejection()).contains(Rejection.TIMED_OUT);
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void refusesAtTheDoorWhatIsLateAlready() {
    SteppedQueue stepped = queue(0);
    stepped.nowNanos.set(10);

    assertThat(stepped.offer(item("late").startingBy(10))).isEqualTo(Rejection.TIMED_OUT);
  }

  @Test
  void putsWhatIsDelayedBehindTheOthersOfItsLevel() {
    SteppedQueue stepped = queue(0, 1);
    stepped.offerAll(
        item("late 1").startingBy(10).delayable(),
        item("late 2").startingBy(10).delayable(),
        item("in time"),
        item("low").ofPriority(1));
    stepped.nowNanos.set(10);

    assertThat(List.of(poll(stepped), poll(stepped), poll(stepped), poll(stepped)))
        .isEqualTo(
            List.of(List.of("in time"), List.of("late 1"), List.of("late 2"), List.of("low")));
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void aDelayedRequestStillHasItsDeadline() {
    SteppedQueue stepped = queue(0, 1);
    TestItem late = item("late").startingBy(10).delayable().due(20);
    stepped.offerAll(late, item("other"));
    stepped.nowNanos.set(10);
    stepped.queue.sweep();
    stepped.nowNanos.set(20);

    assertThat(poll(stepped)).isEqualTo(List.of("other"));
    assertThat(poll(stepped)).isEqualTo(NEVER);
    assertThat(late.rejection()).contains(Rejection.EXPIRED);
  }

  @Test
  void aSweepAnswersAndDelaysBehindTheHeadToo() {
    SteppedQueue stepped = queue(0, 1);
    TestItem rejected = item("rejected").startingBy(10);
    stepped.offerAll(
        item("head"), rejected, item("delayed").startingBy(10).delayable(), item("tail"));
    stepped.nowNanos.set(10);

    stepped.queue.sweep();

    assertThat(rejected.rejection()).contains(Rejection.TIMED_OUT);
    assertThat(stepped.rest())
        .containsExactly(List.of("head"), List.of("tail"), List.of("delayed"));
  }

  @Test
  void aReplicaThatWaitsForMoreSeesToWhatIsLateMeanwhile() {
    long second = 1_000_000_000;
    SteppedQueue stepped = queue(second, 8);
    TestItem late = item("late").startingBy(second / 10);
    stepped.nowNanos.set(1);
    stepped.offerAll(item("head"), late);
    long now = 1;

    while (late.rejection().isEmpty() && now < second) {
      now = (Long) poll(stepped);
      stepped.nowNanos.set(now);
    }

    assertThat(now).isLessThan(second / 10 + 10_000_000);
    assertThat(late.rejection()).contains(Rejection.TIMED_OUT);
  }

  @Test
  void refusesNobodyForWhatIsPredicted() {
    SteppedQueue stepped = queue(0, 1);
    stepped.queue.seed(1, 1, 1_000_000);
    for (int i = 0; i < 20; i++) {
      stepped.queue.seed(1, 1, 1_000_000);
    }

    assertThat(stepped.offer(item("hopeless").due(1000))).isNull();
    assertThat(poll(stepped)).isEqualTo(List.of("hopeless"));
  }
}
