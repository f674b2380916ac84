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

/**
 * An item through the queue on one thread: offered, then taken in a batch with the others of its
 * round. The clock is read as in the gateway: at each offer and each take, or once for a round of
 * quiet offers.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class QueueBenchmark {
  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(
          new QueueLimits(32, 4096, 1L << 40, 8192), BatchPolicy.greedy(), System::nanoTime);
  private final Batch<TestItem> batch = new Batch<>();
  private final TestItem[] items = new TestItem[32];

  public QueueBenchmark() {
    for (int i = 0; i < items.length; i++) {
      items[i] = TestItem.item("i" + i);
    }
  }

  @Benchmark
  public int roundOf1() {
    return round(1);
  }

  @Benchmark
  @OperationsPerInvocation(8)
  public int roundOf8() {
    return round(8);
  }

  @Benchmark
  @OperationsPerInvocation(32)
  public int roundOf32() {
    return round(32);
  }

  /** As an event loop that is a replica too. */
  @Benchmark
  @OperationsPerInvocation(32)
  public int quietRoundOf32() {
    long nowNanos = System.nanoTime();
    for (int i = 0; i < 32; i++) {
      items[i].reset();
      if (queue.offerQuietly(items[i], nowNanos) != null) {
        throw new IllegalStateException("refused");
      }
    }
    return takeAll();
  }

  private int round(int count) {
    for (int i = 0; i < count; i++) {
      items[i].reset();
      if (queue.offer(items[i]) != null) {
        throw new IllegalStateException("refused");
      }
    }
    return takeAll();
  }

  private int takeAll() {
    int taken = 0;
    while (queue.tryTake(batch)) {
      taken += batch.rows();
    }
    return taken;
  }
}
