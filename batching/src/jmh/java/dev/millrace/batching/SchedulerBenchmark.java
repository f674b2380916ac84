// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.Decision;
import dev.millrace.batching.policy.QueueView;
import dev.millrace.batching.policy.SlackPull;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What scheduling costs: a model whose runs take 5 ms and 1 ms for each row, at 80 % of what its
 * replicas can do. The clock is a field, so that no reading of it is in the figures.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SchedulerBenchmark {
  private static final long MILLIS = 1_000_000;
  private static final int MAX_ROWS = 32;
  private static final QueueLimits LIMITS = new QueueLimits(MAX_ROWS, 100_000, 1L << 40, 1 << 14);

  /** SlackPull, of whose decisions nothing comes while a benchmark says so. */
  static final class Muted implements BatchPolicy {
    private final SlackPull policy = new SlackPull();
    private boolean muted;

    @Override
    public long urgency(long arrivalNanos, long deadlineNanos, int priority) {
      return policy.urgency(arrivalNanos, deadlineNanos, priority);
    }

    @Override
    public Decision decide(long nowNanos, QueueView queue) {
      Decision decision = policy.decide(nowNanos, queue);
      return muted ? Decision.waitUntil(nowNanos + decision.count() + 1) : decision;
    }
  }

  /** Items that wait in one lane. */
  @State(Scope.Thread)
  public static class Waiting {
    @Param({"1", "16", "128"})
    int waiting;

    /** Conflict: the head allows only a small batch, so that two ways are played out. */
    @Param({"never", "far", "conflict"})
    String deadlines;

    @Param({"1", "8"})
    int replicas;

    final Muted policy = new Muted();
    final SteppedQueue stepped = new SteppedQueue(LIMITS, policy);
    private TestItem[] items = {};

    @Setup
    public void fill() {
      stepped.knowing(5 * MILLIS, MILLIS, MAX_ROWS);
      stepped.nowNanos.set(MILLIS);
      VirtualReplicas virtual = new VirtualReplicas(stepped, replicas, 5 * MILLIS, MILLIS);
      virtual.source(0.8 * virtual.capacity(MAX_ROWS), Long.MAX_VALUE, 0);
      virtual.run(1000 * MILLIS);
      while (stepped.queue.tryTake(stepped.batch)) {
        // nothing of it is to be left
      }
      items = new TestItem[waiting];
      long now = stepped.nowNanos.get();
      for (int i = 0; i < waiting; i++) {
        items[i] = TestItem.item("i" + i).due(deadline(now, i));
      }
      ready();
    }

    /** The items are there, and wait nowhere yet. */
    void ready() {}

    /** All at once; in a conflict the head has waited for most of its time. */
    private long arrival(long now, int index) {
      return deadlines.equals("conflict") && index == 0 ? now - 32 * MILLIS : now;
    }

    private long deadline(long now, int index) {
      return switch (deadlines) {
        case "never" -> Long.MAX_VALUE;
        case "far" -> now + 10_000 * MILLIS;
        case "conflict" -> arrival(now, index) + 40 * MILLIS;
        default -> throw new IllegalArgumentException(deadlines);
      };
    }

    final void offer() {
      long now = stepped.nowNanos.get();
      for (int i = 0; i < items.length; i++) {
        items[i].reset();
        if (stepped.queue.offerQuietly(items[i], arrival(now, i)) != null) {
          throw new IllegalStateException("refused");
        }
      }
    }
  }

  /** The items wait all the time. */
  @State(Scope.Thread)
  public static class Undecided extends Waiting {
    @Override
    void ready() {
      offer();
      policy.muted = true;
    }

    @TearDown
    public void check() {
      if (stepped.queue.queuedRows() != waiting) {
        throw new IllegalStateException("items were taken");
      }
    }
  }

  /** One decision: what a replica does under the lead but for claiming its items. */
  @Benchmark
  public long decide(Undecided state) {
    return state.stepped.queue.poll(state.stepped.batch);
  }

  /** All items offered, and taken in as many batches as the policy makes of them. */
  @Benchmark
  public int offerAndTakeAll(Waiting state) {
    state.offer();
    int batches = 0;
    while (state.stepped.queue.tryTake(state.stepped.batch)) {
      batches++;
    }
    return batches;
  }

  /** A queue of which four times as much is asked as its two replicas can do. */
  @State(Scope.Thread)
  public static class Overloaded {
    private final SteppedQueue stepped =
        new SteppedQueue(LIMITS, new SlackPull()).knowing(5 * MILLIS, MILLIS, MAX_ROWS);
    private final TestItem item = TestItem.item("i");

    public Overloaded() {
      stepped.nowNanos.set(MILLIS);
      VirtualReplicas virtual = new VirtualReplicas(stepped, 2, 5 * MILLIS, MILLIS);
      virtual.source(4 * virtual.capacity(MAX_ROWS), 100 * MILLIS, 0);
      virtual.run(2000 * MILLIS);
      item.due(stepped.nowNanos.get() + 100 * MILLIS);
      while (stepped.offer(item) == null) {
        item.reset();
      }
    }
  }

  /** An offer that is refused at the door because there is too much already. */
  @Benchmark
  public boolean refuse(Overloaded state) {
    return state.stepped.offer(state.item) == Rejection.OVERLOAD;
  }
}
