// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.Decision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultContainmentTest {
  private static final QueueLimits LIMITS = new QueueLimits(8, 100, 1000, 4);

  @Test
  void batchesGreedilyWhenThePolicyThrows() {
    RuntimeException defect = new IllegalStateException("defect");
    SteppedQueue stepped =
        new SteppedQueue(
            LIMITS,
            (now, queue) -> {
              throw defect;
            });
    stepped.offerAll(item("a"), item("b"));

    assertThat(stepped.next()).containsExactly("a", "b");
    assertThat(stepped.queue.faults()).isEqualTo(1);
    assertThat(stepped.queue.lastFault()).containsSame(defect);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, 0, 9})
  void batchesGreedilyWhenThePolicyAnswersNonsense(int rows) {
    SteppedQueue stepped = new SteppedQueue(LIMITS, (now, queue) -> Decision.run(rows));
    stepped.offerAll(item("a"), item("b"));

    assertThat(stepped.next()).containsExactly("a", "b");
    assertThat(stepped.queue.lastFault().orElseThrow())
        .hasMessageContaining("count=" + rows)
        .hasMessageContaining("expected to run 1..8 rows");
  }

  @Test
  void dropsAnItemThatThrowsWhenItIsClaimedAndRunsItsNeighbours() {
    SteppedQueue stepped = new SteppedQueue(LIMITS, BatchPolicy.greedy());
    TestItem defect =
        new TestItem("defect") {
          @Override
          public boolean claim() {
            throw new AssertionError("claim");
          }
        };
    stepped.offerAll(item("a"), defect, item("b"));

    assertThat(stepped.next()).containsExactly("a", "b");
    assertThat(stepped.queue.faults()).isEqualTo(1);
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void goesOnWhenAnItemThrowsWhileItIsRejectedOrLookedAt() {
    SteppedQueue stepped = new SteppedQueue(LIMITS, BatchPolicy.greedy());
    TestItem rejecting =
        new TestItem("rejecting") {
          @Override
          public boolean reject(Rejection rejection) {
            throw new IllegalStateException("reject");
          }
        };
    TestItem looking =
        new TestItem("looking") {
          @Override
          public boolean isSettled() {
            throw new IllegalStateException("isSettled");
          }
        };
    stepped.offerAll(rejecting.due(5), looking, item("a"));
    stepped.nowNanos.set(6);

    stepped.queue.sweep();

    assertThat(stepped.queue.faults()).isEqualTo(2);
    assertThat(stepped.queue.queuedRows()).isEqualTo(1);
    assertThat(stepped.next()).containsExactly("a");
  }

  @Test
  void runsAnItemAloneWhoseShapeCannotBeCompared() {
    Object shape =
        new Object() {
          @Override
          public int hashCode() {
            throw new IllegalStateException("hashCode");
          }
        };
    SteppedQueue stepped = new SteppedQueue(LIMITS, BatchPolicy.greedy());
    stepped.offerAll(item("odd").ofShape(shape).due(5), item("a"), item("b"));

    assertThat(stepped.next()).containsExactly("odd");
    assertThat(stepped.next()).containsExactly("a", "b");
  }

  @Test
  void survivesARejectionThatOffersAgain() {
    SteppedQueue stepped = new SteppedQueue(LIMITS, BatchPolicy.greedy());
    TestItem retried = item("retried");
    TestItem expiring =
        new TestItem("expiring") {
          @Override
          public boolean reject(Rejection rejection) {
            return super.reject(rejection) && stepped.offer(retried) == null;
          }
        };
    stepped.offerAll(expiring.due(5));
    stepped.nowNanos.set(5);

    // tryTake finds nothing alive, sees that something was published meanwhile, and tries again
    assertThat(stepped.next()).containsExactly("retried");
    assertThat(expiring.rejection()).contains(Rejection.EXPIRED);
  }
}
