// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentStore.Stored;
import dev.millrace.backends.deployment.Resolution.Obstacle;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.shadow.Comparisons;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One deployment: as it is declared, and how far it is from that. Any thread.
 *
 * <p>At each moment there is a <em>stable</em> traffic, which is what a restarted gateway begins
 * with, and perhaps a rollout away from it ({@link Shift}). The stable one is replaced, on disk
 * first ({@link Keeping}), when a rollout is done; what was given up is kept too, lest it be tried
 * for ever. Which versions are meant is found out by others, and noted ({@link Resolution}).
 */
public final class Declared {
  private static final Logger log = LoggerFactory.getLogger(Declared.class);

  private final EventLog events;

  // guarded by this
  private final Keeping kept;
  private final Resolution resolution = new Resolution();
  private final Shift shift;
  private long shadowVersion;
  private String shadowObstacle = "";
  private String configTried = "";
  private String configProblem = "";

  Declared(Stored stored, DeploymentStore store, EventLog events, InstantSource clock) {
    this.kept = new Keeping(stored, store);
    this.events = events;
    this.shift = new Shift(kept, events, clock);
  }

  static Stored first(DeploymentSpec spec) {
    return new Stored(spec, 0, Traffic.NONE, Traffic.NONE, "");
  }

  public synchronized DeploymentSpec spec() {
    return kept.now().spec();
  }

  public String name() {
    return spec().name();
  }

  public synchronized long generation() {
    return kept.now().generation();
  }

  /** The last generation that the control thread has looked at. */
  public synchronized long observedGeneration() {
    return resolution.observed();
  }

  /** The last rollout, under way or over; empty if there was none since the start. */
  public synchronized Optional<Rollout> rollout() {
    return shift.rollout();
  }

  /** Why what is declared cannot be found out at the moment; empty if it can. */
  public synchronized String obstacle() {
    return resolution.obstacle();
  }

  /**
   * Why what is declared cannot be made so; empty if it can. That the registry cannot be read is no
   * reason once it has been found out what this generation means: what was meant goes on.
   */
  public synchronized String failure() {
    return resolution.failure(kept.now().generation());
  }

  /** Whether whatever serves has been tried with the settings that are declared. */
  public synchronized boolean isConfigured() {
    return configTried.equals(kept.now().spec().config());
  }

  /** Why versions serve with other settings than those that are declared; empty if none does. */
  public synchronized String configProblem() {
    return isConfigured() ? configProblem : "";
  }

  /** Why the versions that are declared were given up; empty if they were not. */
  public synchronized String rejection() {
    return shift.setback().isEmpty() ? kept.now().rejection() : shift.setback();
  }

  /** Who answered when last a rollout was over. */
  public synchronized Traffic stable() {
    return kept.now().stable();
  }

  /** What applying a spec would change; what was given up is tried again if it is asked for. */
  synchronized List<String> changesTo(DeploymentSpec spec) {
    List<String> changes = spec.changesFrom(kept.now().spec());
    Traffic givenUp = shift.setBack().isEmpty() ? kept.now().rejected() : shift.setBack();
    return changes.isEmpty() && !givenUp.isEmpty()
        ? List.of("version " + givenUp + " is tried again")
        : changes;
  }

  /** A new spec: what was given up may be tried again. */
  synchronized void declare(DeploymentSpec spec, long generation) throws DeploymentException {
    kept.write(kept.now().declaring(spec, generation));
    shift.forgetSetback();
  }

  /** The same spec but for its replicas: what was given up stays given up. */
  synchronized void scale(DeploymentSpec spec) throws DeploymentException {
    boolean wasResolved = resolution.isKnown(kept.now().generation());
    kept.write(kept.now().scaled(spec));
    if (wasResolved) {
      resolution.means(kept.now().generation()); // replicas say nothing of versions
    }
  }

  /** It is deleted: nothing of it is written any more. */
  synchronized void end() throws DeploymentException {
    kept.end();
  }

  synchronized void promote(String actor) throws DeploymentException {
    shift.promote(actor);
  }

  synchronized void rollBack(String why, String actor) throws DeploymentException {
    shift.rollBack(why, actor);
  }

  /** The version that runs copies of what is answered; 0 for none, or if it is not known. */
  public synchronized long shadowVersion() {
    return kept.now().spec().shadow().isPresent() ? shadowVersion : 0;
  }

  /** Why the version that is to run copies cannot be found out; empty if it can. */
  public synchronized String shadowObstacle() {
    return kept.now().spec().shadow().isPresent() ? shadowObstacle : "";
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
    if (!resolution.isKnown(generation) || kept.now().spec().followsWhatMoves()) {
      note(generation, why, Obstacle.UNREADABLE);
    }
  }

  /** What the spec means is on its way into the repository. */
  public synchronized void arriving(long generation, String why) {
    note(generation, why, Obstacle.ARRIVING);
  }

  private synchronized void note(long generation, String why, Obstacle kind) {
    if (generation == kept.now().generation()) {
      resolution.notFound(name(), generation, why, kind);
    }
  }

  /**
   * Which versions the spec means now: a rollout begins if these are others than before.
   *
   * @param generation of the spec; nothing happens if that has changed meanwhile
   */
  public synchronized void resolved(long generation, Traffic target) {
    if (generation == kept.now().generation()) {
      resolution.found(generation);
      shift.toward(target);
    }
  }

  /** The versions to be there: those that answer, those that are to, the one that runs copies. */
  public synchronized List<Long> needed() {
    SortedSet<Long> first = kept.now().stable().versions();
    List<Long> needed = new ArrayList<>(first);
    shift
        .underWay()
        .ifPresent(
            now -> {
              SortedSet<Long> then = new TreeSet<>(now.to().versions());
              then.removeAll(first);
              needed.addAll(then);
            });
    long shadow = shadowVersion();
    if (shadow > 0 && !needed.contains(shadow)) {
      needed.add(shadow);
    }
    return needed;
  }

  /** Who answers now. */
  public synchronized Traffic traffic() {
    return shift.traffic();
  }

  /** The rollout's new versions are ready. */
  public synchronized void ready() {
    shift.ready();
  }

  /** The rollout's new versions cannot serve. */
  public synchronized void failed(String why) {
    shift.failed(why);
  }

  /** The rollout's new versions cannot serve, for a reason that may pass. */
  public synchronized void failedForNow(String why) {
    shift.failedForNow(why);
  }

  /**
   * What could not be had for now may be tried again, when it is found out again what is declared.
   *
   * @return whether there is such a thing
   */
  public synchronized boolean triesAgain() {
    boolean wasSetBack = !shift.setBack().isEmpty();
    shift.forgetSetback();
    return wasSetBack;
  }

  /**
   * Looks at the step that the rollout is in.
   *
   * @return whether the traffic has changed
   */
  public synchronized boolean advance(Seen seen) {
    return shift.advance(seen);
  }

  /** Its versions were unloaded for want of calls, or are loaded again for one. */
  public void changedByCalls(String before, String after) {
    events.add(Event.GATEWAY, name(), Event.Kind.AUTOSCALED, before, after);
  }

  /** Writes down what could not be written when it happened. */
  public synchronized void saveAgain() {
    kept.saveAgain();
  }
}
