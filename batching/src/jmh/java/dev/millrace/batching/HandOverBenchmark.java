// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.policy.BatchPolicy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** An item from one thread to another: the benchmark's offers, a replica takes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HandOverBenchmark {
  private static final int MOST_QUEUED = 4096;

  /**
   * More than can be queued and in a batch, so that an item is new again when its turn comes: items
   * are taken in the order of their arrival.
   */
  private static final int ITEMS = 2 * MOST_QUEUED;

  private final TestItem[] items = new TestItem[ITEMS];
  private final BatchQueue<TestItem> queue =
      new BatchQueue<>(
          new QueueLimits(32, MOST_QUEUED, 1L << 40, ITEMS),
          BatchPolicy.greedy(),
          System::nanoTime);
  private final Thread replica = Thread.ofPlatform().name("replica").unstarted(this::replicate);

  private long offered;
  private volatile long taken;

  public HandOverBenchmark() {
    for (int i = 0; i < ITEMS; i++) {
      items[i] = TestItem.item("i" + i);
    }
  }

  @Setup
  public void start() {
    replica.start();
  }

  private void replicate() {
    Batch<TestItem> batch = new Batch<>();
    long count = 0;
    while (queue.take(batch)) {
      for (int i = 0; i < batch.items().size(); i++) {
        batch.items().get(i).reset();
      }
      count += batch.rows();
      taken = count;
    }
  }

  @TearDown
  public void stop() throws InterruptedException {
    queue.close();
    replica.join();
  }

  /** As fast as the slower of the two is: the producer waits while the queue is full. */
  @Benchmark
  public long toABusyReplica() {
    return offer();
  }

  /** Until the replica has taken it. */
  @Benchmark
  public long toAParkedReplica(Parked parked) {
    long number = offer();
    while (taken < number) {
      Thread.onSpinWait();
    }
    return number;
  }

  private long offer() {
    TestItem item = items[(int) (offered % ITEMS)];
    while (queue.offer(item) != null) {
      Thread.onSpinWait();
    }
    return ++offered;
  }

  /** Time enough for the replica to have gone to sleep, before each offer. */
  @State(Scope.Thread)
  public static class Parked {
    private static final long PAUSE_NANOS = 300_000;

    @Setup(Level.Invocation)
    public void pause() {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
