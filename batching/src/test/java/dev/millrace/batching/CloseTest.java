// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CloseTest {
  private final SteppedQueue stepped = new SteppedQueue();

  @Test
  void refusesOffersOnceClosed() {
    stepped.queue.close();
    TestItem late = item("late");

    assertThat(stepped.offer(late)).isEqualTo(Rejection.CLOSED);
    assertThat(late.isSettled()).isFalse();
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void namesTheCloseEvenWhenTheQueueIsAlsoFull() {
    stepped.offerAll(item("a").ofRows(100));
    stepped.queue.close();

    assertThat(stepped.offer(item("b"))).isEqualTo(Rejection.CLOSED);
    assertThat(stepped.offer(item("late").due(0))).isEqualTo(Rejection.CLOSED);
  }

  @Test
  void runsWhatWasQueuedBeforeTheClose() {
    stepped.offerAll(item("a"), item("b"));
    stepped.queue.close();

    assertThat(stepped.queue.take(stepped.batch)).isTrue();
    assertThat(stepped.batch.items()).hasSize(2);
    assertThat(stepped.queue.take(stepped.batch)).isFalse();
    assertThat(stepped.batch.isEmpty()).isTrue();
  }

  @Test
  void rejectsAllThatIsLeftAndSaysHowMany() {
    TestItem inLane = item("inLane");
    TestItem otherLane = item("otherLane").ofShape("other");
    TestItem cancelled = item("cancelled");
    TestItem inRing = item("inRing");
    stepped.offerAll(inLane, otherLane, cancelled);
    stepped.queue.sweep();
    stepped.offerAll(inRing);
    cancelled.reject(Rejection.EXPIRED);
    stepped.queue.close();

    assertThat(stepped.queue.rejectAll(Rejection.CLOSED)).isEqualTo(3);

    assertThat(inLane.rejection()).contains(Rejection.CLOSED);
    assertThat(otherLane.rejection()).contains(Rejection.CLOSED);
    assertThat(inRing.rejection()).contains(Rejection.CLOSED);
    assertThat(cancelled.rejection()).contains(Rejection.EXPIRED);
    assertThat(stepped.queue.queuedRows()).isZero();
    assertThat(stepped.queue.queuedBytes()).isZero();
    assertThat(stepped.queue.take(stepped.batch)).isFalse();
  }

  @Test
  void rejectsAllOfAnOpenQueueAndGoesOn() {
    stepped.offerAll(item("a"));

    assertThat(stepped.queue.rejectAll(Rejection.CLOSED)).isEqualTo(1);
    assertThat(stepped.queue.rejectAll(Rejection.CLOSED)).isZero();

    stepped.offerAll(item("b"));
    assertThat(stepped.next()).containsExactly("b");
  }

  @Test
  void takesNothingForAnInterruptedReplica() {
    stepped.offerAll(item("a"));
    Thread.currentThread().interrupt();

    assertThat(stepped.queue.take(stepped.batch)).isFalse();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(stepped.next()).containsExactly("a");
  }
}
