// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.deployment.MemoryStore;
import dev.millrace.backends.deployment.UpdateStrategy;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.batching.Fairness;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Deployments of version 1 of models of some repository, by a scripted engine. */
final class TestDeployments implements AutoCloseable {
  final ScriptedBackend backend = new ScriptedBackend();
  final Routes routes = new Routes(() -> {});
  final EventLog events = new EventLog(InstantSource.system());
  final Deployments declared = new Deployments(new MemoryStore(), events, InstantSource.system());
  final Reconciler reconciler;

  TestDeployments(ModelRepository repository, LongSupplier nanoClock) {
    this(repository, MemoryLedger.unlimited(), nanoClock);
  }

  TestDeployments(ModelRepository repository, MemoryLedger memory, LongSupplier nanoClock) {
    this.reconciler =
        new Reconciler(
            repository,
            List.of(backend),
            routes,
            declared,
            false,
            Chosen.all(),
            memory,
            () -> TimeUnit.SECONDS.toNanos(10),
            Inlining.OFF,
            Fairness.NONE,
            MetricSource.NONE,
            nanoClock);
  }

  /** With version 1 of model {@code m}. */
  static ListedRepository oneModel() {
    ListedRepository repository = new ListedRepository();
    repository.put("m", 1, "a");
    return repository;
  }

  void start() {
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
  }

  /** Version 1 of a model. */
  void apply(String name, String model, Autoscaling autoscaling, String config)
      throws DeploymentException {
    declared.apply(
        new DeploymentSpec(
            name,
            model,
            List.of(new DeploymentSpec.Target(new VersionSelector.Exactly(1), 100)),
            0,
            autoscaling,
            UpdateStrategy.ALL_AT_ONCE,
            "",
            Map.of(),
            Optional.empty(),
            "",
            config),
        0,
        false,
        "test");
  }

  @Override
  public void close() {
    reconciler.close();
  }
}
