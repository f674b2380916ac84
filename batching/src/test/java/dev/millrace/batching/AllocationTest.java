// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.millrace.batching.policy.SlackPull;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AllocationTest {
  private static final int ROUNDS = 2000;

  private final SteppedQueue stepped = new SteppedQueue();
  private final List<TestItem> items = new ArrayList<>();

  @Test
  void offersAndTakesWithoutAllocating() {
    for (int i = 0; i < 30; i++) {
      items.add(TestItem.item("i" + i).ofShape("shape" + i % 3).due(1000 - i % 7));
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    rounds(); // lanes and pool grow to their size

    long before = threads.getCurrentThreadAllocatedBytes();
    rounds();
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;

    // 60,000 items: one byte for each would show; the bean's own answer is within the margin.
    assertThat(allocated).isLessThan(4096);
  }

  /**
   * What a batch allocates is for what it teaches: a curve is made anew every few batches, and
   * averages for reports every few milliseconds. None of that is more for more items.
   */
  @Test
  void whatSchedulingAllocatesIsBoundedForABatchAndNothingForAnItem() {
    double alone = allocatedPerBatch(1);
    double many = allocatedPerBatch(16);

    assertThat(alone).isLessThan(1024);
    assertThat(many).isLessThan(1024);
    assertThat(many - alone).isLessThan(15 * 4); // the least object for each item would be 15 · 16
  }

  private static double allocatedPerBatch(int itemsPerBatch) {
    SteppedQueue learning =
        new SteppedQueue(new QueueLimits(16, 100, 10_000, 64), new SlackPull())
            .knowing(50_000, 100, 16);
    List<TestItem> round = new ArrayList<>();
    for (int i = 0; i < itemsPerBatch; i++) {
      round.add(TestItem.item("i" + i));
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    learnAndTake(learning, round);

    long before = threads.getCurrentThreadAllocatedBytes();
    int batches = learnAndTake(learning, round);
    return (double) (threads.getCurrentThreadAllocatedBytes() - before) / batches;
  }

  private static int learnAndTake(SteppedQueue learning, List<TestItem> round) {
    int batches = 0;
    for (int i = 0; i < ROUNDS; i++) {
      long now = learning.nowNanos.addAndGet(100_000);
      for (int k = 0; k < round.size(); k++) {
        round.get(k).reset();
        round.get(k).due(now + 10_000_000);
        if (learning.queue.offer(round.get(k)) != null) {
          throw new AssertionError("refused");
        }
      }
      while (learning.queue.tryTake(learning.batch)) {
        learning.batch.ran(50_000 + 100L * learning.batch.rows());
        batches++;
      }
    }
    return batches;
  }

  private void rounds() {
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < items.size(); i++) {
        items.get(i).reset();
        if (stepped.queue.offer(items.get(i)) != null) {
          throw new AssertionError("refused");
        }
      }
      int taken = 0;
      while (stepped.queue.tryTake(stepped.batch)) {
        taken += stepped.batch.items().size();
      }
      if (taken != items.size()) {
        throw new AssertionError("took " + taken);
      }
    }
  }
}
