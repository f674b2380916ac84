// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.ScalePolicy.Decision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * A version that answers one request at a time on each replica, as a policy says, in simulated time
 * and the same in each run.
 */
final class SimulatedVersion {
  private static final long LOOK_NANOS = 500_000_000;
  private static final long SECOND = 1_000_000_000;
  private static final long[] BOUNDS = {1_000_000, 10_000_000, 100_000_000, SECOND};
  private static final int MOST_QUEUED = 1000;

  /** A change, and when. */
  record Change(double atSeconds, int from, int to, String why) {}

  private final ScalePolicy policy;
  private final Autoscaling bounds;
  private final long runNanos;
  private final int cores;
  private final Random random = new Random(17);
  private final ArrayDeque<Long> queue = new ArrayDeque<>();

  /** When the runs in progress end, and when they began. */
  private final PriorityQueue<long[]> running =
      new PriorityQueue<>((a, b) -> Long.compare(a[0], b[0]));

  private final List<Change> changes = new ArrayList<>();
  private int replicas;
  private long nowNanos;
  private long requests;
  private long turnedAway;
  private long ranNanos;
  private long waitNanos;
  private final long[] waits = new long[BOUNDS.length + 1];

  /**
   * @param runSeconds of a request, on a core of its own
   * @param cores that replicas share
   */
  SimulatedVersion(ScalePolicy policy, Autoscaling bounds, double runSeconds, int cores) {
    this.policy = policy;
    this.bounds = bounds;
    this.runNanos = (long) (runSeconds * SECOND);
    this.cores = cores;
    this.replicas = bounds.min();
  }

  int replicas() {
    return replicas;
  }

  List<Change> changes() {
    return changes;
  }

  long turnedAway() {
    return turnedAway;
  }

  /** Requests at random, so many a second on average, for so long. */
  SimulatedVersion run(double perSecond, double seconds) {
    long end = nowNanos + (long) (seconds * SECOND);
    long arrival = nextArrival(nowNanos, perSecond);
    while (nowNanos < end) {
      long look = (nowNanos / LOOK_NANOS + 1) * LOOK_NANOS;
      while (arrival < look) {
        advance(arrival);
        arrive();
        arrival = nextArrival(arrival, perSecond);
      }
      advance(look);
      look();
    }
    return this;
  }

  private long nextArrival(long after, double perSecond) {
    return perSecond == 0
        ? Long.MAX_VALUE
        : after + (long) (-Math.log(1 - random.nextDouble()) / perSecond * SECOND);
  }

  private void arrive() {
    if (queue.size() >= MOST_QUEUED) {
      turnedAway++;
      return;
    }
    queue.add(nowNanos);
    begin();
  }

  /** Runs that contend for cores take as much longer. */
  private void begin() {
    while (running.size() < replicas && !queue.isEmpty()) {
      long waited = nowNanos - queue.remove();
      waitNanos += waited;
      int bound = 0;
      while (bound < BOUNDS.length && waited > BOUNDS[bound]) {
        bound++;
      }
      waits[bound]++;
      long takes = runNanos * Math.max(1, replicas / cores);
      running.add(new long[] {nowNanos + takes, nowNanos});
    }
  }

  private void advance(long toNanos) {
    while (!running.isEmpty() && running.peek()[0] <= toNanos) {
      long[] run = running.remove();
      nowNanos = run[0];
      ranNanos += run[0] - run[1];
      requests++;
      begin();
    }
    nowNanos = toNanos;
  }

  private void look() {
    long inProgress = running.stream().mapToLong(run -> nowNanos - run[1]).sum();
    Optional<Decision> decision =
        policy.look(
            bounds,
            new LoadReading(
                nowNanos,
                replicas,
                requests,
                turnedAway,
                requests,
                requests,
                queue.size(),
                ranNanos + inProgress,
                ranNanos,
                waitNanos,
                BOUNDS,
                waits.clone(),
                (double) runNanos / SECOND * Math.max(1, replicas / cores),
                1));
    decision.ifPresent(
        d -> {
          changes.add(new Change((double) nowNanos / SECOND, replicas, d.replicas(), d.why()));
          replicas = d.replicas();
          begin();
        });
  }
}
