// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The janitor's look at each of 16,384 items that wait and go on waiting. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SweepBenchmark {
  private static final int ITEMS = 1 << 14;

  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(
          new QueueLimits(32, ITEMS, 1L << 40, ITEMS), BatchPolicy.greedy(), System::nanoTime);

  public SweepBenchmark() {
    for (int i = 0; i < ITEMS; i++) {
      if (queue.offer(TestItem.item("i")) != null) {
        throw new IllegalStateException("refused");
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public boolean sweep() {
    return queue.sweep();
  }
}
