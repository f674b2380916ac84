// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentException.Kind;
import dev.millrace.backends.deployment.DeploymentStore.Stored;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.shadow.Comparisons;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One deployment: as it is declared, and how far it is from that. Any thread.
 *
 * <p>At each moment there is a <em>stable</em> traffic, which is what a restarted gateway begins
 * with, and perhaps a rollout away from it. The stable one is replaced, on disk first, when a
 * rollout is done; what was given up is kept too, lest it be tried for ever.
 */
public final class Declared {
  private static final Logger log = LoggerFactory.getLogger(Declared.class);

  private final DeploymentStore store;
  private final EventLog events;
  private final InstantSource clock;

  // guarded by this
  private Stored stored;
  private @Nullable Rollout rollout;
  private String obstacle = "";
  private Obstacle kind = Obstacle.MISSING;
  private long shadowVersion;
  private String shadowObstacle = "";
  private long observed;
  private long resolved;
  private String configTried = "";
  private String configProblem = "";
  private boolean ended;
  private boolean unsaved;

  /** Why it cannot be found out which versions are meant. */
  private enum Obstacle {
    /** They are not there. */
    MISSING,
    /** The repository cannot be read. */
    UNREADABLE,
    /** Their files are still being written. */
    ARRIVING
  }

  Declared(Stored stored, DeploymentStore store, EventLog events, InstantSource clock) {
    this.stored = stored;
    this.store = store;
    this.events = events;
    this.clock = clock;
  }

  static Stored first(DeploymentSpec spec) {
    return new Stored(spec, 0, Traffic.NONE, Traffic.NONE, "");
  }

  public synchronized DeploymentSpec spec() {
    return stored.spec();
  }

  public String name() {
    return spec().name();
  }

  public synchronized long generation() {
    return stored.generation();
  }

  /** The last generation that the control thread has looked at. */
  public synchronized long observedGeneration() {
    return observed;
  }

  /** The last rollout, under way or over; empty if there was none since the start. */
  public synchronized Optional<Rollout> rollout() {
    return Optional.ofNullable(rollout);
  }

  /** Why what is declared cannot be found out at the moment; empty if it can. */
  public synchronized String obstacle() {
    return obstacle;
  }

  /**
   * Why what is declared cannot be made so; empty if it can. That the registry cannot be read is no
   * reason once it has been found out what this generation means: what was meant goes on.
   */
  public synchronized String failure() {
    boolean passes =
        kind == Obstacle.ARRIVING
            || (kind == Obstacle.UNREADABLE && resolved == stored.generation());
    return passes ? "" : obstacle;
  }

  /** Whether whatever serves has been tried with the settings that are declared. */
  public synchronized boolean isConfigured() {
    return configTried.equals(stored.spec().config());
  }

  /** Why versions serve with other settings than those that are declared; empty if none does. */
  public synchronized String configProblem() {
    return isConfigured() ? configProblem : "";
  }

  /** Why the versions that are declared were given up; empty if they were not. */
  public synchronized String rejection() {
    return stored.rejection();
  }

  /** Who answered when last a rollout was over. */
  public synchronized Traffic stable() {
    return stored.stable();
  }

  /** What applying a spec would change; what was given up is tried again if it is asked for. */
  synchronized List<String> changesTo(DeploymentSpec spec) {
    List<String> changes = spec.changesFrom(stored.spec());
    return changes.isEmpty() && !stored.rejected().isEmpty()
        ? List.of("version " + stored.rejected() + " is tried again")
        : changes;
  }

  /** A new spec: what was given up may be tried again. */
  synchronized void declare(DeploymentSpec spec, long generation) throws DeploymentException {
    write(new Stored(spec, generation, stored.stable(), Traffic.NONE, ""));
  }

  /** The same spec but for its replicas: what was given up stays given up. */
  synchronized void scale(DeploymentSpec spec) throws DeploymentException {
    boolean wasResolved = resolved == stored.generation();
    write(
        new Stored(
            spec, stored.generation() + 1, stored.stable(), stored.rejected(), stored.rejection()));
    if (wasResolved) {
      resolved = stored.generation(); // replicas say nothing of versions
    }
  }

  private void write(Stored next) throws DeploymentException {
    try {
      store.save(next);
    } catch (IOException e) {
      throw Deployments.storage(next.spec().name(), e);
    }
    stored = next;
    unsaved = false;
  }

  /** It is deleted: nothing of it is written any more. */
  synchronized void end() throws DeploymentException {
    try {
      store.delete(name());
    } catch (IOException e) {
      throw Deployments.storage(name(), e);
    }
    ended = true;
  }

  synchronized void promote(String actor) throws DeploymentException {
    Rollout now = rollout;
    if (now == null || now.phase() != Rollout.Phase.BAKING) {
      throw new DeploymentException(
          Kind.PRECONDITION,
          "deployment '%s': no rollout whose new version is ready (%s)"
              .formatted(name(), now == null ? "none since the start" : now.toString()));
    }
    write(new Stored(stored.spec(), stored.generation(), now.to(), Traffic.NONE, ""));
    now.promote(clock.millis());
    settle(now, actor);
  }

  synchronized void rollBack(String why, String actor) throws DeploymentException {
    Rollout now = rollout;
    if (now == null || now.phase().isOver() || now.from().isEmpty()) {
      throw new DeploymentException(
          Kind.PRECONDITION,
          "deployment '%s': no rollout under way (%s)"
              .formatted(name(), now == null ? "none since the start" : now.toString()));
    }
    write(new Stored(stored.spec(), stored.generation(), stored.stable(), now.to(), why));
    now.rollBack(why, clock.millis());
    settle(now, actor);
  }

  /** The version that runs copies of what is answered; 0 for none, or if it is not known. */
  public synchronized long shadowVersion() {
    return stored.spec().shadow().isPresent() ? shadowVersion : 0;
  }

  /** Why the version that is to run copies cannot be found out; empty if it can. */
  public synchronized String shadowObstacle() {
    return stored.spec().shadow().isPresent() ? shadowObstacle : "";
  }

  // --- the control thread's

  /**
   * Which version is to run copies.
   *
   * @param version 0 if it cannot be found out
   * @param why empty if it can
   */
  public synchronized void shadowResolved(long version, String why) {
    shadowVersion = version;
    if (!why.isEmpty() && !shadowObstacle.equals(why)) {
      log.warn("deployment {}: shadow: {}", name(), why);
    }
    shadowObstacle = why;
  }

  /** A version runs copies from now on. */
  public void shadowBegan(String what) {
    events.add(Event.GATEWAY, name(), Event.Kind.SHADOW_BEGAN, "", what);
  }

  /** It does so no longer. */
  public void shadowEnded(String what, Comparisons came) {
    events.add(Event.GATEWAY, name(), Event.Kind.SHADOW_ENDED, what, came.toString());
  }

  /**
   * All versions that are needed have been tried with these settings.
   *
   * @param problem of those that go on with other ones; empty if there are none
   */
  public synchronized void configured(String config, String problem) {
    configTried = config;
    configProblem = problem;
  }

  /** The spec means nothing that there is, and why. */
  public void unresolved(long generation, String why) {
    note(generation, why, Obstacle.MISSING);
  }

  /** What the spec means cannot be found out just now, and why. */
  public synchronized void unreadable(long generation, String why) {
    if (resolved != generation || stored.spec().followsWhatMoves()) {
      note(generation, why, Obstacle.UNREADABLE);
    }
  }

  /** What the spec means is on its way into the repository. */
  public synchronized void arriving(long generation, String why) {
    note(generation, why, Obstacle.ARRIVING);
  }

  private synchronized void note(long generation, String why, Obstacle newKind) {
    if (generation != stored.generation()) {
      return;
    }
    kind = newKind;
    if (kind != Obstacle.ARRIVING) {
      observed = generation;
    }
    if (!obstacle.equals(why)) {
      log.warn("deployment {}: {}", name(), why);
    }
    obstacle = why;
  }

  /**
   * Which versions the spec means now: a rollout begins if these are others than before.
   *
   * @param generation of the spec; nothing happens if that has changed meanwhile
   */
  public synchronized void resolved(long generation, Traffic target) {
    if (generation != stored.generation()) {
      return;
    }
    observed = generation;
    resolved = generation;
    obstacle = "";
    Rollout now = rollout;
    if (now != null && !now.phase().isOver()) {
      if (now.to().equals(target) && now.strategy().equals(stored.spec().update())) {
        return;
      }
      now.rollBack(
          "wanted now: " + target + " by " + stored.spec().update().steps() + " %", clock.millis());
      settle(now, Event.GATEWAY, Traffic.NONE);
    }
    if (target.equals(stored.stable()) && !stored.rejected().isEmpty()) {
      keep(new Stored(stored.spec(), stored.generation(), stored.stable(), Traffic.NONE, ""));
    }
    if (target.equals(stored.stable()) || target.equals(stored.rejected())) {
      return;
    }
    rollout = new Rollout(stored.stable(), target, stored.spec().update(), clock.millis());
    events.add(
        Event.GATEWAY,
        name(),
        Event.Kind.ROLLOUT_BEGAN,
        stored.stable().toString(),
        target.toString());
  }

  /** The versions to be there: those that answer, those that are to, the one that runs copies. */
  public synchronized List<Long> needed() {
    SortedSet<Long> first = stored.stable().versions();
    List<Long> needed = new ArrayList<>(first);
    Rollout now = rollout;
    if (now != null && !now.phase().isOver()) {
      SortedSet<Long> then = new TreeSet<>(now.to().versions());
      then.removeAll(first);
      needed.addAll(then);
    }
    long shadow = shadowVersion();
    if (shadow > 0 && !needed.contains(shadow)) {
      needed.add(shadow);
    }
    return needed;
  }

  /** Who answers now. */
  public synchronized Traffic traffic() {
    Rollout now = rollout;
    return now != null && !now.phase().isOver() ? now.traffic() : stored.stable();
  }

  /** The rollout's new versions are ready. */
  public synchronized void ready() {
    Rollout now = rollout;
    if (now != null && now.phase() == Rollout.Phase.LOADING) {
      now.ready(clock.millis());
      settle(now, Event.GATEWAY);
      if (now.phase() == Rollout.Phase.BAKING) {
        tellStep(now);
      }
    }
  }

  /** The rollout's new versions cannot serve. */
  public synchronized void failed(String why) {
    Rollout now = rollout;
    if (now != null && !now.phase().isOver()) {
      now.fail(why, clock.millis());
      settle(now, Event.GATEWAY);
    }
  }

  /**
   * Looks at the step that the rollout is in.
   *
   * @return whether the traffic has changed
   */
  public synchronized boolean advance(Seen seen) {
    Rollout now = rollout;
    if (now == null || !now.advance(clock.millis(), seen)) {
      return false;
    }
    settle(now, Event.GATEWAY);
    if (now.phase() == Rollout.Phase.BAKING) {
      tellStep(now);
    }
    return true;
  }

  /** Its versions were unloaded for want of calls, or are loaded again for one. */
  public void changedByCalls(String before, String after) {
    events.add(Event.GATEWAY, name(), Event.Kind.AUTOSCALED, before, after);
  }

  private void tellStep(Rollout now) {
    events.add(Event.GATEWAY, name(), Event.Kind.ROLLOUT_STEP, "", now.traffic().toString());
  }

  /** Goes on with what is so, written down or not; {@link #saveAgain} sees to that. */
  private void keep(Stored next) {
    if (next.equals(stored)) {
      return;
    }
    stored = next;
    unsaved = true;
    saveAgain();
  }

  /** Writes down what could not be written when it happened. */
  public synchronized void saveAgain() {
    if (!unsaved || ended) {
      return;
    }
    try {
      store.save(stored);
      unsaved = false;
    } catch (IOException e) {
      // the routes are right; a restart would begin with what was stable before
      log.error("deployment {} cannot be written: {}", name(), e.toString());
    }
  }

  private void settle(Rollout now, String actor) {
    settle(now, actor, now.phase() == Rollout.Phase.DONE ? Traffic.NONE : now.to());
  }

  /**
   * Writes down what a rollout that is over leaves behind.
   *
   * @param rejected not to be tried again until it is asked for
   */
  private void settle(Rollout over, String actor, Traffic rejected) {
    if (!over.phase().isOver() || ended) {
      return;
    }
    keep(
        new Stored(
            stored.spec(),
            stored.generation(),
            over.phase() == Rollout.Phase.DONE ? over.to() : stored.stable(),
            rejected,
            rejected.isEmpty() ? "" : over.reason()));
    Event.Kind kind =
        switch (over.phase()) {
          case DONE -> Event.Kind.ROLLOUT_DONE;
          case ROLLED_BACK -> Event.Kind.ROLLED_BACK;
          case FAILED, LOADING, BAKING -> Event.Kind.ROLLOUT_FAILED;
        };
    events.add(actor, name(), kind, over.from().toString(), over.to().toString(), over.reason());
  }
}
