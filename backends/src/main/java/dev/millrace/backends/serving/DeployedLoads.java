// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.repository.ConfigOverlay;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Loads the versions that deployments need, with the settings that are declared. The control
 * thread's, except where said.
 *
 * <p>What could not be brought here, and what has served before, is tried again after a while; a
 * new version that cannot be loaded is not.
 */
final class DeployedLoads {
  private final ModelRepository repository;
  private final Routes routes;
  private final Loads loads;
  private final LongSupplier nanoClock;

  DeployedLoads(ModelRepository repository, Routes routes, Loads loads, LongSupplier nanoClock) {
    this.repository = repository;
    this.routes = routes;
    this.loads = loads;
    this.nanoClock = nanoClock;
  }

  /**
   * Loads a version if it is to be loaded now.
   *
   * @param replaced called when it has taken over from one that served under its number
   * @param tried called when it has been tried
   */
  void loadIfDue(
      Declared deployment,
      long version,
      Slot slot,
      Consumer<Declared> replaced,
      Consumer<Declared> tried) {
    if (isDue(deployment, version, slot)) {
      load(deployment, version, slot, replaced, tried);
    }
  }

  private boolean isDue(Declared deployment, long version, Slot slot) {
    if (slot.isLoading) {
      return false;
    }
    if (!slot.config.equals(deployment.spec().config())) {
      return true;
    }
    if (slot.untilRetry(nanoClock.getAsLong()) > 0) {
      return false;
    }
    if (slot.isServing()) {
      return slot.isMissing();
    }
    return !slot.isGivenUp() || deployment.stable().points(version) > 0;
  }

  private void load(
      Declared deployment,
      long version,
      Slot slot,
      Consumer<Declared> replaced,
      Consumer<Declared> tried) {
    String config = deployment.spec().config();
    slot.begin(config);
    boolean replaces = slot.isServing();
    loads.load(
        deployment.name(),
        version,
        slot,
        () -> find(deployment, version, slot, config),
        () -> {
          if (slot.state == VersionState.READY) {
            slot.succeeded();
            if (replaces) {
              replaced.accept(deployment);
            }
          } else if (!slot.isGivenUp() || deployment.stable().points(version) > 0) {
            slot.retryLater(nanoClock.getAsLong());
          }
          tried.accept(deployment);
        });
  }

  /** Of the thread that fetches it. */
  private LoadStages.Wanted find(Declared deployment, long version, Slot slot, String config)
      throws IOException {
    DeploymentSpec spec = deployment.spec();
    ModelEntry entry =
        ConfigOverlay.over(
            repository.resolve(spec.model(), new VersionSelector.Exactly(version)), config);
    if (entry.problem().isPresent()) {
      throw new IOException(entry.problem().get());
    }
    slot.configuredReplicas = entry.manifest().replicas();
    // a version that is to take over begins with what the load has made of the one before
    int now =
        routes.ready(spec.name()).stream().mapToInt(ServedVersion::wantedReplicas).max().orElse(0);
    return new LoadStages.Wanted(
        entry,
        entry.versions().getFirst(),
        entry.manifest().withReplicas(spec.replicasFrom(now, slot.configuredReplicas)));
  }
}
