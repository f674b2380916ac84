// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentException.Kind;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The deployments that are declared: changed by whoever administers the gateway, made true by its
 * control thread, which asks each {@link Declared} what is to be loaded and tells it what came of
 * it.
 *
 * <p>A change is on disk before it is answered. Any thread.
 */
public final class Deployments {
  private final DeploymentStore store;
  private final EventLog events;
  private final InstantSource clock;
  private volatile Runnable onChange = () -> {};

  // guarded by this
  private final Map<String, Declared> byName = new TreeMap<>();

  /** None yet: see {@link #load}. */
  public Deployments(DeploymentStore store, EventLog events, InstantSource clock) {
    this.store = store;
    this.events = events;
    this.clock = clock;
  }

  /**
   * Adds what was declared before.
   *
   * @throws IOException if it cannot be read
   */
  public synchronized void load() throws IOException {
    for (DeploymentStore.Stored stored : store.load()) {
      byName.put(stored.spec().name(), new Declared(stored, store, events, clock));
    }
  }

  /**
   * Sets who is told of changes.
   *
   * @param listener called after each change of what is declared, on the thread that made it
   */
  public void onChange(Runnable listener) {
    onChange = listener;
  }

  /**
   * What came of an application.
   *
   * @param changes a line each; none if it was like that already
   */
  public record Applied(Declared deployment, List<String> changes) {}

  /**
   * Has a deployment be as it is declared.
   *
   * @param expectedGeneration only if it is this one now; 0 not to ask
   * @param dryRun only say what would change
   */
  public Applied apply(DeploymentSpec spec, long expectedGeneration, boolean dryRun, String actor)
      throws DeploymentException {
    if (spec.update().isBlind()) {
      throw new DeploymentException(
          Kind.INVALID,
          "update.gates: bake 0s and min_requests 0 (expected one of them above 0: a step that ends at once has measured nothing)");
    }
    Applied applied;
    synchronized (this) {
      Declared old = byName.get(spec.name());
      long generation = old == null ? 0 : old.generation();
      if (expectedGeneration != 0 && expectedGeneration != generation) {
        throw new DeploymentException(
            Kind.CHANGED,
            "deployment '%s': generation %d (expected %d: somebody else has changed it)"
                .formatted(spec.name(), generation, expectedGeneration));
      }
      if (old != null && !old.spec().model().equals(spec.model())) {
        throw new DeploymentException(
            Kind.PRECONDITION,
            "model: '%s' (expected '%s': versions of another model are another deployment; delete this one first)"
                .formatted(spec.model(), old.spec().model()));
      }
      List<String> changes =
          old == null ? List.of("new deployment '" + spec.name() + "'") : old.changesTo(spec);
      Declared declared =
          old == null ? new Declared(Declared.first(spec), store, events, clock) : old;
      if (dryRun || changes.isEmpty()) {
        return new Applied(declared, changes);
      }
      declared.declare(spec, generation + 1);
      byName.put(spec.name(), declared);
      applied = new Applied(declared, changes);
    }
    events.add(actor, spec.name(), Event.Kind.APPLIED, "", String.join("; ", applied.changes()));
    onChange.run();
    return applied;
  }

  /** Takes a deployment down. */
  public void delete(String name, String actor) throws DeploymentException {
    synchronized (this) {
      get(name).end();
      byName.remove(name);
    }
    events.add(actor, name, Event.Kind.DELETED, "", "");
    onChange.run();
  }

  /** Changes the number of replicas of each version of a deployment, whatever its load. */
  public Declared scale(String name, int replicas, String actor) throws DeploymentException {
    if (replicas < 1 || replicas > DeploymentSpec.MAX_REPLICAS) {
      throw new DeploymentException(
          Kind.INVALID,
          "replicas: %d (expected 1 to %d)".formatted(replicas, DeploymentSpec.MAX_REPLICAS));
    }
    return scale(name, spec -> spec.withReplicas(replicas), actor);
  }

  /** Has the replicas of each version of a deployment follow its load. */
  public Declared scale(String name, Autoscaling bounds, String actor) throws DeploymentException {
    return scale(name, spec -> spec.withAutoscaling(bounds), actor);
  }

  private Declared scale(String name, UnaryOperator<DeploymentSpec> change, String actor)
      throws DeploymentException {
    Declared declared;
    DeploymentSpec before;
    DeploymentSpec after;
    synchronized (this) {
      declared = get(name);
      before = declared.spec();
      after = change.apply(before);
      if (after.equals(before)) {
        return declared;
      }
      declared.scale(after);
    }
    events.add(actor, name, Event.Kind.SCALED, before.wantedReplicas(), after.wantedReplicas());
    onChange.run();
    return declared;
  }

  /** Ends a rollout now, with the new versions. */
  public Declared promote(String name, String actor) throws DeploymentException {
    Declared declared;
    synchronized (this) {
      declared = get(name);
      declared.promote(actor);
    }
    onChange.run();
    return declared;
  }

  /** Ends a rollout now, with the old versions. */
  public Declared rollBack(String name, String actor) throws DeploymentException {
    Declared declared;
    synchronized (this) {
      declared = get(name);
      declared.rollBack("rolled back by " + actor, actor);
    }
    onChange.run();
    return declared;
  }

  /** Lets go of where they are kept. */
  public void close() {
    store.close();
  }

  /** All that are declared, by name. */
  public synchronized List<Declared> all() {
    return new ArrayList<>(byName.values());
  }

  public synchronized Optional<Declared> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The deployment of that name.
   *
   * @throws DeploymentException NOT_FOUND
   */
  public synchronized Declared get(String name) throws DeploymentException {
    Declared declared = byName.get(name);
    if (declared == null) {
      throw new DeploymentException(
          Kind.NOT_FOUND,
          "deployment '%s': not found (there is %s)".formatted(name, byName.keySet()));
    }
    return declared;
  }

  static DeploymentException storage(String name, IOException e) {
    return new DeploymentException(
        Kind.STORAGE, "deployment '%s' cannot be written: %s".formatted(name, e));
  }
}
