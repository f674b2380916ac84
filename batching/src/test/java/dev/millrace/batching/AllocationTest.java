// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
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
