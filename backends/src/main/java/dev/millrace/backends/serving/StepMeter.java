// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.gate.Distribution;
import dev.millrace.backends.gate.Measured;
import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.gate.Moments;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.ServingStatistics.Snapshot;
import dev.millrace.backends.shadow.Comparisons;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What served versions have done since a step of a rollout began. The control thread's. */
final class StepMeter {
  /** Failures that say something of the version, not of its callers. */
  private static final Set<Failure.Kind> VERSIONS_OWN =
      Set.of(
          Failure.Kind.ENGINE,
          Failure.Kind.EXPIRED,
          Failure.Kind.OVERLOADED,
          Failure.Kind.TURNED_AWAY,
          Failure.Kind.NOT_READY);

  private final Map<ServedVersion, Measured> atBegin = new HashMap<>();
  private final Map<ServedVersion, Measured> beforeRollout;
  private final Map<Mirror, Comparisons> copiesBefore = new HashMap<>();
  private final MetricSource metrics;
  private final List<MetricLimit> limits;
  private final Moments candidate;
  private final Moments stable;

  private StepMeter(
      Collection<ServedVersion> versions,
      Map<ServedVersion, Measured> beforeRollout,
      MetricSource metrics,
      List<MetricLimit> limits,
      long nowNanos) {
    this.metrics = metrics;
    this.limits = limits;
    for (ServedVersion version : versions) {
      atBegin.put(version, everMeasured(version));
      version.mirrors().forEach(m -> copiesBefore.put(m, m.report().comparisons()));
    }
    this.beforeRollout = beforeRollout.isEmpty() ? Map.copyOf(atBegin) : beforeRollout;
    this.candidate = new Moments(nowNanos);
    this.stable = new Moments(nowNanos);
  }

  /**
   * For the first step of a rollout.
   *
   * @param limits of metrics that are to be read
   */
  static StepMeter first(
      Collection<ServedVersion> versions,
      MetricSource metrics,
      List<MetricLimit> limits,
      long nowNanos) {
    return new StepMeter(versions, Map.of(), metrics, limits, nowNanos);
  }

  /** For the next step. */
  StepMeter next(Collection<ServedVersion> versions, long nowNanos) {
    return new StepMeter(versions, beforeRollout, metrics, limits, nowNanos);
  }

  /**
   * What there is to see now.
   *
   * @param candidates the new versions
   * @param replaced those that they replace
   */
  Seen look(
      Collection<ServedVersion> candidates, Collection<ServedVersion> replaced, long nowNanos) {
    candidate.add(nowNanos, sinceBegin(candidates));
    stable.add(nowNanos, sinceBegin(replaced));
    return new Seen(
        candidate,
        stable,
        replaced.stream()
            .map(version -> beforeRollout.getOrDefault(version, Measured.NOTHING))
            .reduce(Measured.NOTHING, Measured::plus));
  }

  /** Of some of the versions, together. */
  private Measured sinceBegin(Collection<ServedVersion> versions) {
    Measured sum = Measured.copiesOnly(copiesRunBy(versions));
    for (ServedVersion version : versions) {
      Measured then = atBegin.get(version);
      if (then != null) { // else it was not there when the step began
        sum = sum.plus(everMeasured(version).since(then));
      }
    }
    return sum;
  }

  /** Of a version since it was loaded, but for its copies. */
  private Measured everMeasured(ServedVersion version) {
    Snapshot snapshot = version.statistics().snapshot();
    Histogram.Snapshot times = snapshot.requestTimes();
    return new Measured(
        snapshot.requests(),
        own(snapshot),
        new Distribution(
            Arrays.stream(times.upperBounds()).asDoubleStream().toArray(),
            times.counts(),
            (double) times.sum()),
        Comparisons.NONE,
        metrics.read(version.name(), version.version(), limits));
  }

  /** By these, of what all those answer that were there when the step began. */
  private Comparisons copiesRunBy(Collection<ServedVersion> versions) {
    Comparisons sum = Comparisons.NONE;
    for (ServedVersion answering : atBegin.keySet()) {
      for (Mirror mirror : answering.mirrors()) {
        if (versions.contains(mirror.shadow())) {
          Comparisons then = copiesBefore.getOrDefault(mirror, Comparisons.NONE);
          sum = sum.plus(mirror.report().comparisons().since(then));
        }
      }
    }
    return sum;
  }

  private static long own(Snapshot snapshot) {
    long sum = 0;
    for (Failure.Kind kind : VERSIONS_OWN) {
      sum += snapshot.failures().getOrDefault(kind, 0L);
    }
    return sum;
  }
}
