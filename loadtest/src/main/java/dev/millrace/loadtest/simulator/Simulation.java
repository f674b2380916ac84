// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import dev.millrace.loadtest.load.ArrivalSchedule;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One run: from event to event, on one thread. The same plan and scheduler give the same result, to
 * the last digit.
 *
 * <p>There is no heap of events. Whatever can happen next is the next arrival, the next client that
 * comes again, the end of the batch that ends first, a tick or the time that a replica waits for;
 * the least of these few is found faster than a heap is kept in order.
 *
 * <p>Arrivals, kinds, running times and clients draw from generators of their own: what a scheduler
 * does changes no arrival, so that schedulers are compared on the same requests.
 */
public final class Simulation {
  /** Where time begins: not at 0, so that a forgotten field does not look like a time. */
  public static final long START_NANOS = 1_000_000_000L;

  private static final long NEVER = Long.MAX_VALUE;

  private final Plan plan;
  private final Scheduler scheduler;
  private final ArrivalSchedule arrivals;
  private final Traffic traffic;
  private final SplittableRandom runs;
  private final Devices devices;
  private final Samples samples = new Samples();
  private final long fromNanos;
  private final long toNanos;
  private final long tickEveryNanos;
  private final long allowedMisses;

  private long now = START_NANOS;
  private long nextArrival;
  private long nextWake = NEVER;
  private long nextTick = NEVER;
  private long waiting;
  private long misses;

  private Simulation(Plan plan, Scheduler.Factory factory, long allowedMisses) {
    this.plan = plan;
    this.allowedMisses = allowedMisses;
    this.fromNanos = START_NANOS + Math.round(plan.warmUpSeconds() * 1e9);
    this.toNanos = fromNanos + Math.round(plan.seconds() * 1e9);
    SplittableRandom seeds = new SplittableRandom(plan.seed());
    this.arrivals = plan.workload().arrivals().schedule(seeds.nextLong());
    this.traffic = new Traffic(plan.workload(), seeds.split(), seeds.split(), this::ended);
    this.runs = seeds.split();
    this.devices = new Devices(plan.replicas(), plan.service(), fromNanos, toNanos);
    this.scheduler = factory.create(plan.setting());
    this.tickEveryNanos = scheduler.tickEveryNanos();
  }

  /** Runs until all requests have ended. */
  public static SimResult run(Plan plan, Scheduler.Factory factory) {
    return new Simulation(plan, factory, Long.MAX_VALUE).run();
  }

  /** The same, but ends early when more than so many have missed their deadline in the window. */
  static SimResult runUnlessMissed(Plan plan, Scheduler.Factory factory, long allowedMisses) {
    return new Simulation(plan, factory, allowedMisses).run();
  }

  private SimResult run() {
    traffic.begin(now);
    nextArrival = arrival();
    while (misses <= allowedMisses && step()) {
      if (waiting > 0) {
        ask();
      } else {
        nextWake = NEVER;
        nextTick = NEVER;
      }
    }
    boolean complete = misses <= allowedMisses;
    if (complete && waiting > 0) {
      throw new IllegalStateException(
          "%d requests wait, replicas are idle, and the scheduler %s waits for nothing"
              .formatted(waiting, scheduler.getClass().getSimpleName()));
    }
    return new SimResult(plan, samples, devices, fromNanos, toNanos, complete);
  }

  /** Lets the next thing happen; false if nothing will. Of several at once, ends come first. */
  private boolean step() {
    int replica = devices.first();
    long end = devices.endNanos(replica);
    long client = traffic.nextNanos();
    long next =
        Math.min(Math.min(end, nextArrival), Math.min(client, Math.min(nextWake, nextTick)));
    if (next == NEVER) {
      return false;
    }
    now = next;
    if (next == end) {
      finish(replica);
    } else if (next == nextArrival) {
      offer(traffic.first(now));
      nextArrival = arrival();
    } else if (next == client) {
      traffic.again(now, now < toNanos).ifPresent(this::offer);
    } else if (next == nextTick) {
      nextTick = NEVER;
      scheduler.tick(now);
    }
    return true;
  }

  private long arrival() {
    long next = arrivals.nextNanos();
    return next == ArrivalSchedule.END || START_NANOS + next >= toNanos
        ? NEVER
        : START_NANOS + next;
  }

  private void offer(SimRequest request) {
    waiting++;
    scheduler.offer(now, request);
  }

  private void finish(int replica) {
    List<SimRequest> batch = devices.batch(replica);
    long runNanos = devices.finish(replica);
    waiting += batch.size(); // ended() takes them off again
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).answered(now);
    }
    scheduler.finished(now, replica, batch, runNanos);
  }

  private void ask() {
    nextWake = NEVER;
    for (int replica = 0; replica < devices.count() && waiting > 0; replica++) {
      if (devices.isIdle(replica)) {
        switch (scheduler.next(now, replica)) {
          case Scheduler.Move.Run run -> start(replica, run.batch());
          case Scheduler.Move.Wait wait -> nextWake = Math.min(nextWake, later(wait, replica));
        }
      }
    }
    if (nextTick == NEVER && tickEveryNanos != NEVER && waiting > 0) {
      nextTick = now + tickEveryNanos;
    }
  }

  private long later(Scheduler.Move.Wait wait, int replica) {
    if (wait.untilNanos() <= now) {
      throw new IllegalStateException(
          "replica %d waits until %d ns (expected later than now, %d ns)"
              .formatted(replica, wait.untilNanos(), now));
    }
    return wait.untilNanos();
  }

  private void start(int replica, List<SimRequest> batch) {
    int rows = 0;
    int shape = batch.getFirst().shape();
    for (int i = 0; i < batch.size(); i++) {
      SimRequest request = batch.get(i);
      request.started();
      rows += request.rows();
      if (request.shape() != shape) {
        throw new IllegalStateException(
            "shapes %d and %d in one batch".formatted(shape, request.shape()));
      }
    }
    if (rows > plan.maxBatchRows() && batch.size() > 1) {
      throw new IllegalStateException(
          "a batch of %d rows (expected at most %d)".formatted(rows, plan.maxBatchRows()));
    }
    waiting -= batch.size();
    double nanos = plan.service().runNanos(now, shape, rows, runs);
    devices.start(now, replica, batch, Math.max(1, Math.round(nanos)));
  }

  /** Called once for every request, from within the scheduler if it refuses one. */
  private void ended(SimRequest request, long nowNanos) {
    waiting--;
    byte outcome =
        request.isOnTime()
            ? Samples.ON_TIME
            : request.isAnswered() ? Samples.LATE : Samples.REFUSED;
    samples.add(request.arrivalNanos(), request.latencyNanos(), outcome, request.kind());
    if (outcome != Samples.ON_TIME
        && request.arrivalNanos() >= fromNanos
        && request.arrivalNanos() < toNanos) {
      misses++;
    }
    traffic.ended(request, nowNanos);
  }
}
