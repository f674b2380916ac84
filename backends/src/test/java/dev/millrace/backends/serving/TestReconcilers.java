// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.DeploymentStore;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.batching.Fairness;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Reconcilers of a repository's models, by a scripted engine, without deployments. */
final class TestReconcilers {
  private TestReconcilers() {}

  static Reconciler of(
      ListedRepository repository,
      ScriptedBackend backend,
      Routes routes,
      MemoryLedger memory,
      LongSupplier nanoClock) {
    return new Reconciler(
        repository,
        List.of(backend),
        routes,
        new Deployments(
            DeploymentStore.NONE, new EventLog(InstantSource.system()), InstantSource.system()),
        true,
        Chosen.all(),
        memory,
        () -> TimeUnit.SECONDS.toNanos(10),
        Inlining.OFF,
        Fairness.NONE,
        MetricSource.NONE,
        nanoClock);
  }
}
