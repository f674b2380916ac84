// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.batching.policy.BatchPolicy;
import org.junit.jupiter.api.Test;

class QueueLimitsTest {

  @Test
  void acceptsExactlyAsManyRowsAsItMay() {
    SteppedQueue stepped = limitedTo(5, 1000, 64);

    assertThat(stepped.offer(item("a").ofRows(3))).isNull();
    assertThat(stepped.offer(item("b").ofRows(3))).isEqualTo(Rejection.QUEUE_ROWS);
    assertThat(stepped.offer(item("c").ofRows(2))).isNull();
    assertThat(stepped.offer(item("d").ofRows(0))).isEqualTo(Rejection.QUEUE_ROWS);
    assertThat(stepped.queue.queuedRows()).isEqualTo(5);
  }

  @Test
  void acceptsExactlyAsManyBytesAsItMay() {
    SteppedQueue stepped = limitedTo(100, 10, 64);

    assertThat(stepped.offer(item("a").ofBytes(6))).isNull();
    assertThat(stepped.offer(item("b").ofBytes(5))).isEqualTo(Rejection.QUEUE_BYTES);
    assertThat(stepped.offer(item("c").ofBytes(4))).isNull();
    assertThat(stepped.queue.queuedBytes()).isEqualTo(10);
    assertThat(stepped.queue.queuedRows()).isEqualTo(2);
  }

  @Test
  void leavesARefusedItemUntouchedAndUncounted() {
    SteppedQueue stepped = limitedTo(100, 10, 64);
    TestItem refused = item("a").ofBytes(11);

    assertThat(stepped.offer(refused)).isEqualTo(Rejection.QUEUE_BYTES);

    assertThat(refused.isSettled()).isFalse();
    assertThat(stepped.queue.queuedRows()).isZero();
    assertThat(stepped.queue.queuedBytes()).isZero();
  }

  @Test
  void doesNotOverflowOnTheLargestItems() {
    SteppedQueue stepped = limitedTo(Integer.MAX_VALUE, Long.MAX_VALUE, 64);

    assertThat(stepped.offer(item("a").ofRows(Integer.MAX_VALUE - 1))).isNull();
    assertThat(stepped.offer(item("b").ofRows(Integer.MAX_VALUE))).isEqualTo(Rejection.QUEUE_ROWS);
    assertThat(stepped.offer(item("c").ofBytes(Long.MAX_VALUE))).isEqualTo(Rejection.QUEUE_BYTES);
    assertThat(stepped.offer(item("d"))).isNull();
  }

  @Test
  void refusesWhenProducersAreARingAheadAndRecoversAtTheNextSweep() {
    SteppedQueue stepped = limitedTo(100, 1000, 2);
    stepped.offerAll(item("a"), item("b"));
    TestItem third = item("c");

    assertThat(stepped.offer(third)).isEqualTo(Rejection.RING_FULL);
    assertThat(third.isSettled()).isFalse();
    assertThat(stepped.queue.queuedRows()).isEqualTo(2);

    stepped.queue.sweep();
    assertThat(stepped.offer(third)).isNull();
    assertThat(stepped.next()).containsExactly("a", "b", "c");
  }

  @Test
  void worksWithARingOfOneSlot() {
    SteppedQueue stepped = limitedTo(100, 1000, 1);
    for (int i = 0; i < 10; i++) {
      stepped.offerAll(item("a" + i));
      assertThat(stepped.offer(item("x"))).isEqualTo(Rejection.RING_FULL);
      assertThat(stepped.next()).containsExactly("a" + i);
    }
  }

  @Test
  void countsOutWhatIsTaken() {
    SteppedQueue stepped = limitedTo(100, 1000, 64);
    stepped.offerAll(item("a").ofRows(0).ofBytes(3), item("b").ofRows(4).ofBytes(5));
    assertThat(stepped.queue.queuedRows()).isEqualTo(5);

    assertThat(stepped.next()).containsExactly("a", "b");

    assertThat(stepped.queue.queuedRows()).isZero();
    assertThat(stepped.queue.queuedBytes()).isZero();
  }

  @Test
  void refusesNegativeSizes() {
    SteppedQueue stepped = limitedTo(100, 1000, 64);

    assertThatIllegalArgumentException().isThrownBy(() -> stepped.offer(item("a").ofRows(-1)));
    assertThatIllegalArgumentException().isThrownBy(() -> stepped.offer(item("a").ofBytes(-1)));
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void namesTheValueThatIsOutOfBounds() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new QueueLimits(1, 1, 1, 12))
        .withMessage("ringSlots: 12 (expected a power of two)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new QueueLimits(0, 1, 1, 16))
        .withMessage("maxBatchRows: 0 (expected at least 1)");
  }

  private static SteppedQueue limitedTo(int rows, long bytes, int ringSlots) {
    return new SteppedQueue(new QueueLimits(100, rows, bytes, ringSlots), BatchPolicy.greedy());
  }
}
