// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.Decision;
import dev.millrace.batching.policy.LaneView;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchOrderTest {
  private static final long SECOND = 1_000_000_000L;

  private final SteppedQueue stepped = new SteppedQueue();

  @Test
  void closesABatchAtTheMomentOfExecution() {
    stepped.offerAll(item("a"));
    stepped.queue.sweep();
    stepped.offerAll(item("b"));
    stepped.nowNanos.set(77);

    assertThat(stepped.next()).containsExactly("a", "b");
    assertThat(stepped.batch.takenNanos()).isEqualTo(77);
    assertThat(stepped.batch.items()).allMatch(TestItem::isClaimed);
  }

  @Test
  void hasNothingToGiveWhenNothingWaits() {
    assertThat(stepped.queue.tryTake(stepped.batch)).isFalse();
    assertThat(stepped.batch.isEmpty()).isTrue();
  }

  @Test
  void servesEqualDeadlinesInOrderOfArrival() {
    stepped.offerAll(item("a").due(50), item("b").due(50), item("c").due(50));

    assertThat(stepped.next()).containsExactly("a", "b", "c");
  }

  @Test
  void servesTheEarliestDeadlineFirst() {
    stepped.offerAll(item("late").due(90), item("soon").due(10), item("between").due(50));

    assertThat(stepped.next()).containsExactly("soon", "between", "late");
  }

  @Test
  void ordersItemsWithoutADeadlineAsIfTheyHadTenSeconds() {
    stepped.offerAll(
        item("none"), item("nine").due(9 * SECOND), item("never").due(Long.MAX_VALUE - 1));
    stepped.nowNanos.set(2 * SECOND);
    stepped.offerAll(item("eleven").due(11 * SECOND));

    assertThat(stepped.next()).containsExactly("nine", "none", "never", "eleven");
  }

  @Test
  void keepsShapesApartWithoutCuttingEachOthersBatches() {
    stepped.offerAll(
        item("a1").ofShape("a").due(10),
        item("b1").ofShape("b").due(20),
        item("a2").ofShape("a").due(30),
        item("b2").ofShape("b").due(40));

    assertThat(stepped.rest()).containsExactly(List.of("a1", "a2"), List.of("b1", "b2"));
  }

  @Test
  void servesTheLaneWithTheMostUrgentHead() {
    stepped.offerAll(item("a1").ofShape("a").due(30), item("b1").ofShape("b").due(40));
    stepped.queue.sweep();
    stepped.offerAll(item("b2").ofShape("b").due(20));

    assertThat(stepped.rest()).containsExactly(List.of("b2", "b1"), List.of("a1"));
  }

  @Test
  void comparesShapesByEquals() {
    stepped.offerAll(
        item("a").ofShape(List.of(3, 4)),
        item("b").ofShape(List.of(3, 4)),
        item("c").ofShape(List.of(3, 5)));

    assertThat(stepped.rest()).containsExactly(List.of("a", "b"), List.of("c"));
  }

  @Test
  void fillsABatchUpToItsRowsAndNoFurther() {
    stepped.offerAll(item("a").ofRows(2), item("b").ofRows(2), item("c").ofRows(1));

    assertThat(stepped.next()).containsExactly("a", "b");
    assertThat(stepped.batch.rows()).isEqualTo(4);
    assertThat(stepped.next()).containsExactly("c");
  }

  @Test
  void stopsAtTheFirstItemThatDoesNotFitSoThatNobodyOvertakesItForEver() {
    stepped.offerAll(item("a").ofRows(2), item("big").ofRows(3), item("small").ofRows(1));

    assertThat(stepped.rest()).containsExactly(List.of("a"), List.of("big", "small"));
  }

  @Test
  void runsItemsAloneThatCannotShareABatch() {
    stepped.offerAll(item("a"), item("alone").runningAlone(), item("lone").runningAlone());
    stepped.offerAll(item("b"));

    assertThat(stepped.rest())
        .containsExactly(List.of("a", "b"), List.of("alone"), List.of("lone"));
  }

  @Test
  void runsAnItemLargerThanABatchAlone() {
    stepped.offerAll(item("huge").ofRows(9).due(5), item("a").due(6), item("b").due(7));

    assertThat(stepped.next()).containsExactly("huge");
    assertThat(stepped.batch.rows()).isEqualTo(9);
    assertThat(stepped.next()).containsExactly("a", "b");
  }

  @Test
  void countsAnItemWithoutRowsAsOneForSizeButAddsNoneToTheBatch() {
    for (int i = 0; i < 6; i++) {
      stepped.offerAll(item("z" + i).ofRows(0));
    }

    assertThat(stepped.next()).hasSize(4);
    assertThat(stepped.batch.rows()).isZero();
    assertThat(stepped.next()).hasSize(2);
  }

  @Test
  void takesAsManyRowsAsThePolicySays() {
    SteppedQueue pairs =
        new SteppedQueue(new QueueLimits(8, 100, 1000, 64), (now, queue) -> Decision.run(2));
    pairs.offerAll(item("a"), item("b"), item("c").ofRows(3), item("d"));

    assertThat(pairs.rest()).containsExactly(List.of("a", "b"), List.of("c"), List.of("d"));
  }

  @Test
  void showsThePolicyTheLaneItDecidesOn() {
    StringBuilder seen = new StringBuilder();
    SteppedQueue watched =
        new SteppedQueue(
            new QueueLimits(8, 100, 1000, 64),
            (now, queue) -> {
              LaneView lane = queue.lane();
              seen.append(now).append(' ').append(lane.rows()).append(' ');
              seen.append(lane.arrivalNanos(0)).append(' ').append(lane.deadlineNanos(0));
              return Decision.run(queue.maxBatchRows());
            });
    watched.nowNanos.set(3);
    watched.offerAll(item("a").ofRows(0).due(100), item("b").ofRows(2));
    watched.nowNanos.set(9);

    assertThat(watched.next()).containsExactly("a", "b");
    assertThat(seen).hasToString("9 3 3 100");
  }

  @Test
  void givesThePlaceOfWhoWouldBeLateToTheNext() {
    SteppedQueue timed =
        new SteppedQueue(new QueueLimits(8, 100, 1000, 64), (now, queue) -> Decision.run(2, 50));
    TestItem late = item("late").due(40);
    timed.offerAll(late, item("a").due(50), item("b"), item("c"));

    assertThat(timed.next()).containsExactly("a", "b");
    assertThat(late.rejection()).contains(Rejection.OVERLOAD);
  }
}
