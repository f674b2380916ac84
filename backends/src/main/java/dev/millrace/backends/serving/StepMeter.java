// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Gates.Measured;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.ServingStatistics.Snapshot;
import dev.millrace.backends.shadow.Comparisons;
import java.util.Collection;
import java.util.HashMap;
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

  private final Map<ServedVersion, Snapshot> before = new HashMap<>();
  private final Map<Mirror, Comparisons> copiesBefore = new HashMap<>();

  StepMeter(Collection<ServedVersion> versions) {
    for (ServedVersion version : versions) {
      before.put(version, version.statistics().snapshot());
      version.mirrors().forEach(m -> copiesBefore.put(m, m.report().comparisons()));
    }
  }

  /** Of some of the versions, together. */
  Measured measure(Collection<ServedVersion> versions) {
    long requests = 0;
    long failed = 0;
    long[] counts = new long[0];
    long[] bounds = new long[0];
    for (ServedVersion version : versions) {
      Snapshot then = before.get(version);
      if (then == null) {
        continue; // not there when the step began
      }
      Snapshot now = version.statistics().snapshot();
      requests += now.requests() - then.requests();
      failed += own(now) - own(then);
      bounds = now.requestTimes().upperBounds();
      counts = counts.length == 0 ? new long[bounds.length + 1] : counts;
      for (int i = 0; i < counts.length; i++) {
        counts[i] += now.requestTimes().counts()[i] - then.requestTimes().counts()[i];
      }
    }
    return counts.length == 0
        ? Measured.NOTHING
        : new Measured(requests, failed, bounds, counts, copiesRunBy(versions));
  }

  /** By these, of what all those answer that were there when the step began. */
  private Comparisons copiesRunBy(Collection<ServedVersion> versions) {
    Comparisons sum = Comparisons.NONE;
    for (ServedVersion answering : before.keySet()) {
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
