// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.Scheduler.Move;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A day in the life of a scheduler: what it ran when, on replicas whose runs last as the curve
 * says. For timelines that can be worked out by hand; milliseconds throughout.
 */
final class Timeline {
  private static final long NEVER = Long.MAX_VALUE;

  /** A run, as the replica saw it. */
  record Batch(double startMillis, int replica, List<SimRequest> requests) {
    int size() {
      return requests.size();
    }
  }

  private final Scheduler scheduler;
  private final ServiceCurve curve;
  private final List<SimRequest> requests = new ArrayList<>();
  private final List<Batch> batches = new ArrayList<>();
  private final List<List<SimRequest>> running = new ArrayList<>();
  private final long[] endNanos;
  private final long[] startNanos;
  private long wakeNanos = NEVER;
  private long tickNanos = NEVER;

  Timeline(Scheduler scheduler, ServiceCurve curve, int replicas) {
    this.scheduler = scheduler;
    this.curve = curve;
    this.endNanos = new long[replicas];
    this.startNanos = new long[replicas];
    Arrays.fill(endNanos, NEVER);
    for (int i = 0; i < replicas; i++) {
      running.add(List.of());
    }
  }

  /** A request without a deadline, one row of shape 0. */
  Timeline arrives(double millis) {
    return arrives(request(millis, -1, 1, 0));
  }

  Timeline arrives(SimRequest request) {
    requests.add(request);
    return this;
  }

  /**
   * @param deadlineMillis from the arrival; negative for none
   */
  static SimRequest request(double millis, double deadlineMillis, int rows, int shape) {
    long arrival = nanos(millis);
    long deadline = deadlineMillis < 0 ? NEVER : arrival + nanos(deadlineMillis);
    return new SimRequest(arrival, deadline, rows, shape, 0);
  }

  /** l(b) = alpha + beta b, for every shape. */
  static ServiceCurve linear(double alphaMillis, double betaMillis) {
    return (shape, rows) -> nanos(alphaMillis + betaMillis * rows);
  }

  static long nanos(double millis) {
    return Math.round(millis * 1e6);
  }

  /** Lets all happen; what was run is in {@link #batches}. Requests must have come in order. */
  Timeline run() {
    int arrived = 0;
    for (; ; ) {
      long arrival = arrived < requests.size() ? requests.get(arrived).arrivalNanos() : NEVER;
      int first = firstToEnd();
      long now = Math.min(Math.min(arrival, endNanos[first]), Math.min(wakeNanos, tickNanos));
      if (now == NEVER) {
        return this;
      }
      if (now == endNanos[first]) {
        finish(now, first);
      } else if (now == arrival) {
        scheduler.offer(now, requests.get(arrived));
        arrived++;
      } else if (now == tickNanos) {
        tickNanos = NEVER;
        scheduler.tick(now);
      }
      ask(now, arrived);
    }
  }

  private int firstToEnd() {
    int first = 0;
    for (int i = 1; i < endNanos.length; i++) {
      if (endNanos[i] < endNanos[first]) {
        first = i;
      }
    }
    return first;
  }

  private void finish(long now, int replica) {
    endNanos[replica] = NEVER;
    List<SimRequest> batch = running.get(replica);
    batch.forEach(request -> request.answered(now));
    scheduler.finished(now, replica, batch, now - startNanos[replica]);
  }

  private void ask(long now, int arrived) {
    wakeNanos = NEVER;
    for (int replica = 0; replica < endNanos.length; replica++) {
      if (endNanos[replica] == NEVER) {
        switch (scheduler.next(now, replica)) {
          case Move.Run run -> start(now, replica, run.batch());
          case Move.Wait wait -> {
            if (wait.untilNanos() <= now) {
              throw new IllegalStateException("waits until " + wait.untilNanos() + " at " + now);
            }
            wakeNanos = Math.min(wakeNanos, wait.untilNanos());
          }
        }
      }
    }
    boolean over = wakeNanos == NEVER && arrived == requests.size() && noneRuns();
    if (over) {
      tickNanos = NEVER;
    } else if (tickNanos == NEVER && scheduler.tickEveryNanos() != NEVER) {
      tickNanos = now + scheduler.tickEveryNanos();
    }
  }

  private boolean noneRuns() {
    return endNanos[firstToEnd()] == NEVER;
  }

  private void start(long now, int replica, List<SimRequest> batch) {
    int shape = batch.getFirst().shape();
    int rows = 0;
    for (SimRequest request : batch) {
      if (request.shape() != shape || request.hasEnded()) {
        throw new IllegalStateException(
            "a batch of shape " + shape + " with one that ended or of another");
      }
      rows += request.rows();
    }
    batches.add(new Batch(now / 1e6, replica, batch));
    running.set(replica, batch);
    startNanos[replica] = now;
    endNanos[replica] = now + curve.nanos(shape, rows);
  }

  List<Batch> batches() {
    return batches;
  }

  List<SimRequest> requests() {
    return requests;
  }

  List<Integer> sizes() {
    return batches.stream().map(Batch::size).toList();
  }

  List<Double> startsMillis() {
    return batches.stream().map(Batch::startMillis).toList();
  }

  List<Integer> refused() {
    List<Integer> refused = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      if (requests.get(i).hasEnded() && !requests.get(i).isAnswered()) {
        refused.add(i);
      }
    }
    return refused;
  }

  double latencyMillis(int request) {
    return requests.get(request).latencyNanos() / 1e6;
  }

  long onTime() {
    return requests.stream().filter(SimRequest::isOnTime).count();
  }
}
