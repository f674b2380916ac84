// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.deployment.LoadReading;
import dev.millrace.backends.deployment.ScalePolicy;
import dev.millrace.backends.deployment.ScalePolicy.Decision;
import dev.millrace.backends.threads.Niceness;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the replicas of what is deployed follow their load, where that is declared: each version by a
 * {@link ScalePolicy} of its own.
 *
 * <p>A thread of its own, since a replica that comes warms up first, and the control thread waits
 * for nothing. What it finds is written nowhere: a gateway that starts begins with the least.
 */
public final class Autoscaler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Autoscaler.class);

  /** Four looks make what the policy calls lately. */
  private static final long LOOK_NANOS = 500_000_000;

  private final Deployments declared;
  private final Routes routes;
  private final EventLog events;
  private final int cores;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task ->
              Thread.ofPlatform().name("autoscaler").daemon().unstarted(Niceness.givingWay(task)));

  /** Of the versions that are autoscaled; the thread's. */
  private Map<ServedVersion, ScalePolicy> policies = new HashMap<>();

  /**
   * Does nothing yet: see {@link #start}.
   *
   * @param cores of this machine
   */
  public Autoscaler(Deployments declared, Routes routes, EventLog events, int cores) {
    this.declared = declared;
    this.routes = routes;
    this.events = events;
    this.cores = cores;
  }

  /** Looks from now on. */
  public void start() {
    thread.scheduleWithFixedDelay(this::look, LOOK_NANOS, LOOK_NANOS, TimeUnit.NANOSECONDS);
  }

  /** Looks at each deployment once. */
  void look() {
    Map<ServedVersion, ScalePolicy> seen = new HashMap<>();
    for (Declared deployment : declared.all()) {
      if (!deployment.spec().autoscaling().isOn()) {
        continue;
      }
      for (ServedVersion served : routes.ready(deployment.name())) {
        ScalePolicy policy = policies.get(served);
        seen.put(served, policy == null ? policy(served) : policy);
      }
    }
    policies = seen; // those of versions that have gone, go
    for (Declared deployment : declared.all()) {
      routes.ready(deployment.name()).forEach(served -> look(deployment, served));
    }
  }

  private ScalePolicy policy(ServedVersion served) {
    return new ScalePolicy(served.usefulReplicas(cores), served.manifest().scheduling().sloNanos());
  }

  private void look(Declared deployment, ServedVersion served) {
    Autoscaling bounds = deployment.spec().autoscaling();
    ScalePolicy policy = policies.get(served);
    if (policy == null || !bounds.isOn()) {
      return;
    }
    try {
      LoadReading reading = LoadMeter.read(served);
      policy
          .look(bounds, reading)
          .ifPresent(decision -> scale(deployment, bounds, served, reading, policy, decision));
    } catch (RuntimeException | Error e) {
      log.error("{}: its load cannot be told", served, e); // the next look tries again
    }
  }

  private void scale(
      Declared deployment,
      Autoscaling bounds,
      ServedVersion served,
      LoadReading reading,
      ScalePolicy policy,
      Decision decision) {
    String change = "version %d: %d".formatted(served.version(), reading.replicas());
    String result = "%d, %s".formatted(decision.replicas(), decision.why());
    String failure = "";
    try {
      served.scaleTo(decision.replicas());
      if (!deployment.spec().autoscaling().equals(bounds)) { // somebody has changed that meanwhile
        int now = served.wantedReplicas();
        served.scaleTo(deployment.spec().replicasFrom(now, now));
      }
    } catch (RuntimeException | Error e) {
      policy.failed(reading);
      served.scaleTo(served.replicaCount()); // with the next decision, not when there is room
      log.error("{}: cannot have {} replicas", served, decision.replicas(), e);
      failure = e.toString();
    }
    events.add(Event.GATEWAY, deployment.name(), Event.Kind.AUTOSCALED, change, result, failure);
  }

  /** No more changes begin. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
