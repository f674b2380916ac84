// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds out which versions deployments mean, by their numbers, aliases or as the latest. Asks the
 * repository, so it may take long: not the control thread's.
 */
record Selectors(ModelRepository repository) {

  /**
   * Tells a deployment what it means now, or why that cannot be told.
   *
   * @return whether another look is due soon
   */
  boolean look(Declared deployment) {
    boolean soon = lookAtTargets(deployment);
    lookAtShadow(deployment);
    return soon;
  }

  private boolean lookAtTargets(Declared deployment) {
    long generation = deployment.generation(); // before the spec, which may be a later one then
    DeploymentSpec spec = deployment.spec();
    Map<Long, Integer> percents = new TreeMap<>();
    try {
      for (DeploymentSpec.Target target : spec.targets()) {
        ModelEntry entry = repository.resolve(spec.model(), target.version());
        if (entry.problem().isPresent()) {
          deployment.unresolved(generation, entry.problem().get());
          return false;
        }
        Optional<String> arriving = arriving(entry, target.version());
        if (arriving.isPresent()) {
          deployment.arriving(generation, arriving.get());
          return true;
        }
        percents.merge(entry.versions().getFirst().number(), target.percent(), Integer::sum);
      }
      deployment.resolved(generation, Traffic.ofPercent(percents));
    } catch (UnknownVersionException e) {
      deployment.unresolved(generation, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      deployment.unreadable(
          generation, repository.location() + " cannot be read: " + e.getMessage());
    }
    return false;
  }

  /**
   * Of the latest version, what says that it is still on its way in: it is not tried, and not given
   * up for being half there.
   */
  private static Optional<String> arriving(ModelEntry entry, VersionSelector selector) {
    if (selector instanceof VersionSelector.Exactly) {
      return Optional.empty();
    }
    ModelEntry.ModelVersion version = entry.versions().getFirst();
    return version
        .problem()
        .or(() -> version.settled() ? Optional.empty() : Optional.of("its files arrive"))
        .map(why -> "version " + version.number() + ": " + why);
  }

  /** Which version is to run copies; that it cannot be found out holds nothing else up. */
  private void lookAtShadow(Declared deployment) {
    DeploymentSpec spec = deployment.spec();
    if (spec.shadow().isEmpty()) {
      return;
    }
    try {
      ModelEntry entry = repository.resolve(spec.model(), spec.shadow().get().version());
      boolean isThere = entry.problem().isEmpty();
      deployment.shadowResolved(
          isThere ? entry.versions().getFirst().number() : 0, entry.problem().orElse(""));
    } catch (UnknownVersionException e) {
      deployment.shadowResolved(0, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // what was meant before goes on
      deployment.shadowResolved(deployment.shadowVersion(), String.valueOf(e.getMessage()));
    }
  }
}
