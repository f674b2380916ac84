// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.policy.Decision;
import dev.millrace.batching.policy.SlackPull;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExpiryAndCancellationTest {
  private static final long SECOND = 1_000_000_000L;

  private final SteppedQueue stepped = new SteppedQueue();

  @Test
  void refusesAnItemThatComesTooLate() {
    stepped.nowNanos.set(10);
    TestItem late = item("late").due(10);

    assertThat(stepped.offer(late)).isEqualTo(Rejection.EXPIRED);
    assertThat(late.isSettled()).isFalse();
  }

  @Test
  void rejectsWhatExpiredWhileItWaitedAndRunsTheRest() {
    TestItem expired = item("expired").due(10);
    stepped.offerAll(expired, item("alive").due(11), item("none"));
    stepped.nowNanos.set(10);

    assertThat(stepped.next()).containsExactly("alive", "none");
    assertThat(expired.rejection()).contains(Rejection.EXPIRED);
    assertThat(stepped.queue.queuedRows()).isZero();
  }

  @Test
  void asksThePolicyAboutALiveHeadOnly() {
    List<Integer> sizes = new ArrayList<>();
    SteppedQueue watched =
        new SteppedQueue(
            new QueueLimits(8, 100, 1000, 64),
            (now, queue) -> {
              sizes.add(queue.lane().rows());
              return Decision.run(queue.maxBatchRows());
            });
    watched.offerAll(item("x").due(5).ofRows(3), item("y").due(6).ofRows(2), item("a").due(20));
    watched.nowNanos.set(6);

    assertThat(watched.next()).containsExactly("a");
    assertThat(sizes).containsExactly(1);
  }

  @Test
  void looksAgainForTheMostUrgentLaneAfterADeadHead() {
    stepped.offerAll(
        item("dead").ofShape("a").due(10),
        item("a").ofShape("a").due(40),
        item("b").ofShape("b").due(30));
    stepped.nowNanos.set(15);

    assertThat(stepped.rest()).containsExactly(List.of("b"), List.of("a"));
  }

  @Test
  void rejectsAnExpiredItemBehindPatientOnes() {
    TestItem behind = item("behind").due(11 * SECOND);
    stepped.offerAll(item("patient"), behind, item("last"));
    stepped.nowNanos.set(12 * SECOND);

    assertThat(stepped.next()).containsExactly("patient", "last");
    assertThat(behind.rejection()).contains(Rejection.EXPIRED);
  }

  @Test
  void answersExpiredItemsAtASweepWhileNobodyTakes() {
    TestItem expired = item("expired").due(10);
    TestItem deep = item("deep").due(15 * SECOND);
    stepped.offerAll(expired, item("a"), deep, item("b"));
    stepped.nowNanos.set(16 * SECOND);

    stepped.queue.sweep();

    assertThat(expired.rejection()).contains(Rejection.EXPIRED);
    assertThat(deep.rejection()).contains(Rejection.EXPIRED);
    assertThat(stepped.queue.queuedRows()).isEqualTo(2);
    assertThat(stepped.next()).containsExactly("a", "b");
  }

  @Test
  void skipsCancelledItemsAndRefillsFromTheLane() {
    TestItem cancelled = item("cancelled");
    stepped.offerAll(item("a"), cancelled, item("b"), item("c"), item("d"));
    cancelled.reject(Rejection.CLOSED);

    assertThat(stepped.next()).containsExactly("a", "b", "c", "d");
    assertThat(stepped.queue.queuedRows()).isZero();
    assertThat(cancelled.completions()).isEqualTo(1);
  }

  @Test
  void givesNothingWhenAllWereCancelled() {
    TestItem one = item("one");
    TestItem two = item("two").ofShape("other");
    stepped.offerAll(one, two);
    one.reject(Rejection.CLOSED);
    two.reject(Rejection.CLOSED);

    assertThat(stepped.next()).isEmpty();
    assertThat(stepped.queue.queuedRows()).isZero();
    assertThat(stepped.queue.queuedBytes()).isZero();
  }

  @Test
  void countsCancelledItemsOutAtTheNextSweepWhereverTheyWait() {
    List<TestItem> items = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      items.add(item("i" + i).ofShape(i % 3).due(1000 - i));
    }
    stepped.offerAll(items.toArray(TestItem[]::new));
    for (int i = 0; i < 40; i += 2) {
      items.get(i).reject(Rejection.CLOSED);
    }

    stepped.queue.sweep();

    assertThat(stepped.queue.queuedRows()).isEqualTo(20);
    assertThat(stepped.queue.queuedBytes()).isEqualTo(160);
    List<String> rest = stepped.rest().stream().flatMap(List::stream).toList();
    assertThat(rest).hasSize(20).allMatch(name -> Integer.parseInt(name.substring(1)) % 2 == 1);
  }

  @Test
  void saysAtASweepWhetherItemsAreLeftToNobody() {
    assertThat(stepped.queue.sweep()).isFalse();
    stepped.offerAll(item("a"));

    assertThat(stepped.queue.sweep()).isTrue();
    assertThat(stepped.next()).containsExactly("a");
    assertThat(stepped.queue.sweep()).isFalse();
  }

  @Test
  void aClockThatJumpsLosesNobodyAndKeepsNobodyOut() {
    long hour = 3_600_000_000_000L;
    long second = 1_000_000_000L;
    SteppedQueue jumping =
        new SteppedQueue(new QueueLimits(4, 100, 10_000, 64), new SlackPull())
            .knowing(5_000_000, 1_000_000, 4);
    jumping.nowNanos.set(10 * hour);
    TestItem before = item("before").due(10 * hour + second);
    jumping.offerAll(before);
    assertThat(jumping.next()).containsExactly("before");

    jumping.offerAll(item("over").due(10 * hour + second));
    jumping.nowNanos.set(9 * hour); // back
    jumping.offerAll(item("back").due(9 * hour + second));
    assertThat(jumping.rest().stream().flatMap(List::stream))
        .containsExactlyInAnyOrder("back", "over");

    jumping.nowNanos.set(20 * hour); // and far ahead
    jumping.offerAll(item("ahead").due(20 * hour + second));
    assertThat(jumping.next()).containsExactly("ahead");
  }
}
