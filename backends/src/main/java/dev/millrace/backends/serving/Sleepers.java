// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Rollout;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Deployments that are loaded only while they are called ({@code autoscale: {min: 0}}), and those
 * of them that sleep. The control thread's.
 */
final class Sleepers {
  private final Set<Declared> asleep = new HashSet<>();
  private final Map<Declared, Activity> awake = new HashMap<>();

  /** Calls that were answered or refused, and since when there were no more. */
  private record Activity(long calls, long sinceNanos) {}

  /** One that is seen for the first time sleeps, if it knows what to load when it is called. */
  void add(Declared deployment) {
    if (isOnDemand(deployment) && !deployment.stable().isEmpty()) {
      asleep.add(deployment);
    }
  }

  void remove(Declared deployment) {
    asleep.remove(deployment);
    awake.remove(deployment);
  }

  private static boolean isOnDemand(Declared deployment) {
    return deployment.spec().autoscaling().isLoadedOnDemand();
  }

  /** Whether it sleeps: not any more if it is to, or if there is something new to be tried. */
  boolean isAsleep(Declared deployment) {
    if (asleep.contains(deployment) && (!isOnDemand(deployment) || isChanging(deployment))) {
      asleep.remove(deployment);
    }
    return asleep.contains(deployment);
  }

  private static boolean isChanging(Declared deployment) {
    Optional<Rollout> rollout = deployment.rollout();
    return rollout.isPresent() && !rollout.get().phase().isOver();
  }

  /** Somebody calls. */
  boolean wake(Declared deployment, long nowNanos) {
    boolean slept = asleep.remove(deployment);
    if (slept) {
      awake.put(deployment, new Activity(0, nowNanos));
    }
    return slept;
  }

  /** Whether one that is awake has not been called for so long that it falls asleep now. */
  boolean fallsAsleep(Declared deployment, List<ServedVersion> served, long nowNanos) {
    if (!isOnDemand(deployment) || isChanging(deployment) || served.isEmpty()) {
      awake.remove(deployment);
      return false;
    }
    long calls = served.stream().mapToLong(Sleepers::calls).sum();
    boolean busy = served.stream().anyMatch(version -> version.inFlight() > 0);
    Activity before = awake.get(deployment);
    if (before == null || before.calls() != calls || busy) {
      awake.put(deployment, new Activity(calls, nowNanos));
      return false;
    }
    long idleNanos = nowNanos - before.sinceNanos();
    if (idleNanos < deployment.spec().autoscaling().downAfter().toNanos()) {
      return false;
    }
    awake.remove(deployment);
    return asleep.add(deployment);
  }

  /** Those that may sleep and have nothing to do, the one with the oldest call first. */
  static List<Declared> longestIdleFirst(
      Collection<Declared> deployments, Function<Declared, List<ServedVersion>> served) {
    return deployments.stream()
        .filter(deployment -> isOnDemand(deployment) && !isChanging(deployment))
        .filter(deployment -> !served.apply(deployment).isEmpty())
        .filter(
            deployment -> served.apply(deployment).stream().allMatch(one -> one.inFlight() == 0))
        .sorted(Comparator.comparingLong(one -> lastCallMillis(served.apply(one))))
        .toList();
  }

  /** One that is awake sleeps from now on. */
  void putToSleep(Declared deployment) {
    awake.remove(deployment);
    asleep.add(deployment);
  }

  /** One that has not been called yet was loaded for a call that is to come. */
  private static long lastCallMillis(List<ServedVersion> served) {
    long last =
        served.stream()
            .mapToLong(version -> version.statistics().snapshot().lastInferenceMillis())
            .max()
            .orElse(0);
    return last == 0 ? Long.MAX_VALUE : last;
  }

  private static long calls(ServedVersion served) {
    ServingStatistics.Snapshot now = served.statistics().snapshot();
    return now.requests()
        + now.failures().values().stream().mapToLong(count -> count).sum()
        + now.rejections().values().stream().mapToLong(count -> count).sum();
  }

  /** Whether any that is awake may fall asleep. */
  boolean areAnyAwake(Iterable<Declared> deployments) {
    for (Declared deployment : deployments) {
      if (isOnDemand(deployment) && !asleep.contains(deployment)) {
        return true;
      }
    }
    return false;
  }
}
