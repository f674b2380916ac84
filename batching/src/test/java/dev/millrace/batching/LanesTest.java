// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static dev.millrace.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.policy.BatchPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class LanesTest {
  private static final Comparator<Entry<TestItem>> BY_URGENCY =
      Comparator.<Entry<TestItem>>comparingLong(Entry::urgency).thenComparingLong(Entry::sequence);

  private final Lanes<TestItem> lanes = new Lanes<>(new CostModel(8));
  private long sequence;

  @RepeatedTest(20)
  void keepsTheOrderOfASortedListThroughRandomEdits(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    int shapes = 1 + random.nextInt(12);
    List<Entry<TestItem>> model = new ArrayList<>();
    for (int step = 0; step < 3000; step++) {
      int choice = random.nextInt(100);
      if (choice < 55) {
        Entry<TestItem> entry = entry("s" + random.nextInt(shapes), random.nextInt(400));
        lanes.add(entry);
        model.add(entry);
      } else if (choice < 98) {
        assertFirstIsRemoved(model);
      } else {
        Set<Entry<TestItem>> doomed = new HashSet<>();
        model.forEach(
            entry -> {
              if (random.nextInt(3) == 0) {
                doomed.add(entry);
              }
            });
        lanes.editAll(lane -> lane.removeIf(doomed::contains));
        model.removeAll(doomed);
      }
    }
    while (!model.isEmpty()) {
      assertFirstIsRemoved(model);
    }
    assertThat(lanes.first()).isNull();
  }

  @Test
  void countsRowsOfALane() {
    lanes.add(entry("s", 1));
    lanes.add(entry("s", 2));
    Lane<TestItem> lane = Objects.requireNonNull(lanes.first());
    assertThat(lane.rows()).isEqualTo(2);

    lane.removeHead();
    assertThat(lane.rows()).isEqualTo(1);
    lane.removeIf(entry -> true);
    assertThat(lane.rows()).isZero();
  }

  @Test
  void forgetsShapesThatComeOnce() {
    for (int i = 0; i < 10_000; i++) {
      lanes.add(entry("once" + i, i));
      removeFirst();
    }

    assertThat(lanes.known()).isLessThanOrEqualTo(Lanes.MAX_EMPTY_LANES);
  }

  @Test
  void knowsNoMoreLanesThanEntriesAndAFewEmptyOnes() {
    Random random = new Random(7);
    int waiting = 0;
    for (int i = 0; i < 50_000; i++) {
      if (waiting == 0 || random.nextInt(waiting < 300 ? 3 : 1) > 0) {
        lanes.add(entry("s" + random.nextInt(2000), random.nextInt(100)));
        waiting++;
      } else {
        removeFirst();
        waiting--;
      }
      assertThat(lanes.known()).isLessThanOrEqualTo(waiting + Lanes.MAX_EMPTY_LANES);
    }
  }

  private void assertFirstIsRemoved(List<Entry<TestItem>> model) {
    if (model.isEmpty()) {
      assertThat(lanes.first()).isNull();
      return;
    }
    Entry<TestItem> expected = model.stream().min(BY_URGENCY).orElseThrow();
    assertThat(removeFirst()).isSameAs(expected);
    model.remove(expected);
  }

  private Entry<TestItem> removeFirst() {
    Lane<TestItem> lane = Objects.requireNonNull(lanes.first());
    Entry<TestItem> removed = lane.removeHead();
    lanes.firstChanged();
    return removed;
  }

  private Entry<TestItem> entry(String shape, long deadlineNanos) {
    Entry<TestItem> entry = new Entry<>();
    entry.fill(item(shape), shape, 1, 1, 0, deadlineNanos, Long.MAX_VALUE, false, 0);
    entry.orderBy(Math.min(deadlineNanos, BatchPolicy.PATIENCE_NANOS));
    entry.arrivedAs(sequence++);
    return entry;
  }
}
