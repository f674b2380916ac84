// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What a run of the simulator has shown. Requests belong to the window in which they came, not to
 * that in which they ended: a queue that grows without end must not look well until it is emptied.
 */
public final class SimResult {
  private final Plan plan;
  private final Samples samples;
  private final Devices devices;
  private final long fromNanos;
  private final long toNanos;
  private final boolean complete;

  SimResult(
      Plan plan, Samples samples, Devices devices, long fromNanos, long toNanos, boolean complete) {
    this.plan = plan;
    this.samples = samples;
    this.devices = devices;
    this.fromNanos = fromNanos;
    this.toNanos = toNanos;
    this.complete = complete;
  }

  /** False if it was broken off because too many had missed their deadline. */
  public boolean isComplete() {
    return complete;
  }

  /** Requests that came in the window. */
  public long offered() {
    return count(i -> true);
  }

  public long answered() {
    return count(i -> samples.outcome(i) != Samples.REFUSED);
  }

  public long onTime() {
    return count(i -> samples.outcome(i) == Samples.ON_TIME);
  }

  /** Requests a second that came. */
  public double offeredRate() {
    return offered() / seconds();
  }

  /** Answers in time, a second. */
  public double goodput() {
    return onTime() / seconds();
  }

  /** 1 if nobody came. */
  public double shareOnTime() {
    long offered = offered();
    return offered == 0 ? 1 : (double) onTime() / offered;
  }

  /** The same for some kinds of the workload. */
  public double goodput(int kind) {
    return count(i -> samples.outcome(i) == Samples.ON_TIME && samples.kind(i) == kind) / seconds();
  }

  /** The share of one kind of the workload that was answered in time; 1 if none of it came. */
  public double shareOnTime(int kind) {
    long offered = count(i -> samples.kind(i) == kind);
    long onTime = count(i -> samples.kind(i) == kind && samples.outcome(i) == Samples.ON_TIME);
    return offered == 0 ? 1 : (double) onTime / offered;
  }

  /** Of answers, late ones among them. */
  public Latencies latency() {
    return latencies(i -> samples.outcome(i) != Samples.REFUSED);
  }

  /** The same for one kind of the workload. */
  public Latencies latency(int kind) {
    return latencies(i -> samples.outcome(i) != Samples.REFUSED && samples.kind(i) == kind);
  }

  /** Of answers and refusals. */
  public Latencies latencyOfAll() {
    return latencies(i -> true);
  }

  /** How long whoever was refused, or answered late, did not know it. */
  public Latencies timeToNegative() {
    return latencies(i -> samples.outcome(i) != Samples.ON_TIME);
  }

  /**
   * Of requests that came in a part of the simulated time, in seconds since its beginning; whoever
   * was refused has waited for ever.
   */
  public Latencies latencyBetween(double fromSeconds, double toSeconds) {
    long from = Simulation.START_NANOS + Math.round(fromSeconds * 1e9);
    long to = Simulation.START_NANOS + Math.round(toSeconds * 1e9);
    return Latencies.of(
        IntStream.range(0, samples.size())
            .filter(i -> samples.arrivalNanos(i) >= from && samples.arrivalNanos(i) < to)
            .mapToLong(
                i ->
                    samples.outcome(i) == Samples.REFUSED
                        ? Long.MAX_VALUE
                        : samples.latencyNanos(i))
            .toArray());
  }

  /** The mean of a batch that began in the window; NaN if none did. */
  public double rowsPerBatch() {
    return (double) devices.rows() / devices.batches();
  }

  /** Batches that began in the window. */
  public long batches() {
    return devices.batches();
  }

  /** The share of the replicas' time in which they ran. */
  public double utilisation() {
    return devices.busyNanos() / (plan.replicas() * seconds() * 1e9);
  }

  /** The share of the running time that went into rows which came too late. */
  public double wasted() {
    return devices.busyNanos() == 0 ? 0 : devices.wastedNanos() / devices.busyNanos();
  }

  /**
   * Jain's index over the tenants' goodput, each relative to what it asked for: 1 if all fare
   * alike, 1/tenants if one has it all.
   */
  public double fairness() {
    Map<Integer, double[]> tenants = new HashMap<>();
    List<RequestKind> kinds = plan.workload().kinds();
    for (int i = 0; i < samples.size(); i++) {
      if (isInWindow(i)) {
        double[] counts =
            tenants.computeIfAbsent(kinds.get(samples.kind(i)).tenant(), t -> new double[2]);
        counts[0]++;
        counts[1] += samples.outcome(i) == Samples.ON_TIME ? 1 : 0;
      }
    }
    double sum = 0;
    double squares = 0;
    for (double[] counts : tenants.values()) {
      double share = counts[1] / counts[0];
      sum += share;
      squares += share * share;
    }
    return squares == 0 ? 1 : sum * sum / (tenants.size() * squares);
  }

  private double seconds() {
    return (toNanos - fromNanos) / 1e9;
  }

  private boolean isInWindow(int i) {
    return samples.arrivalNanos(i) >= fromNanos && samples.arrivalNanos(i) < toNanos;
  }

  private long count(IntPredicate which) {
    return IntStream.range(0, samples.size()).filter(this::isInWindow).filter(which).count();
  }

  private Latencies latencies(IntPredicate which) {
    return Latencies.of(
        IntStream.range(0, samples.size())
            .filter(this::isInWindow)
            .filter(which)
            .mapToLong(samples::latencyNanos)
            .toArray());
  }
}
