// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentException.Kind;
import dev.millrace.backends.gate.Seen;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the traffic of a deployment goes from the stable versions to those that are declared: its
 * rollouts, one at a time, what they leave behind, and what is told of them. Guarded by its owner.
 */
final class Shift {
  private final Keeping kept;
  private final EventLog events;
  private final InstantSource clock;
  private @Nullable Rollout rollout;

  /** What could not be had for a reason that may pass: given up, but not beyond a restart. */
  private Setback setback = Setback.NONE;

  /** Versions that were given up for now, and why. */
  private record Setback(Traffic versions, String reason) {
    static final Setback NONE = new Setback(Traffic.NONE, "");
  }

  Shift(Keeping kept, EventLog events, InstantSource clock) {
    this.kept = kept;
    this.events = events;
    this.clock = clock;
  }

  /** The last rollout, under way or over; empty if there was none since the start. */
  Optional<Rollout> rollout() {
    return Optional.ofNullable(rollout);
  }

  Optional<Rollout> underWay() {
    return rollout().filter(now -> !now.phase().isOver());
  }

  /** Who answers now. */
  Traffic traffic() {
    return underWay().map(Rollout::traffic).orElse(kept.now().stable());
  }

  /** Why versions were given up for now; empty if none were. */
  String setback() {
    return setback.reason();
  }

  /** Those versions; none if none were. */
  Traffic setBack() {
    return setback.versions();
  }

  /** What was given up for now may be tried again. */
  void forgetSetback() {
    setback = Setback.NONE;
  }

  void promote(String actor) throws DeploymentException {
    Rollout now =
        require(
            rollout -> rollout.phase() == Rollout.Phase.BAKING,
            "no rollout whose new version is ready");
    kept.write(kept.now().leaving(now.to(), Traffic.NONE, ""));
    now.promote(clock.millis());
    settle(now, actor);
  }

  void rollBack(String why, String actor) throws DeploymentException {
    Rollout now =
        require(
            rollout -> !rollout.phase().isOver() && !rollout.from().isEmpty(),
            "no rollout under way");
    kept.write(kept.now().leaving(kept.now().stable(), now.to(), why));
    now.rollBack(why, clock.millis());
    settle(now, actor);
  }

  private Rollout require(Predicate<Rollout> condition, String otherwise)
      throws DeploymentException {
    return rollout()
        .filter(condition)
        .orElseThrow(
            () ->
                new DeploymentException(
                    Kind.PRECONDITION,
                    "deployment '%s': %s (%s)"
                        .formatted(
                            name(),
                            otherwise,
                            rollout().map(Rollout::toString).orElse("none since the start"))));
  }

  /** Begins a rollout if these are other versions than before. */
  void toward(Traffic target) {
    UpdateStrategy update = kept.now().spec().update();
    Optional<Rollout> now = underWay();
    if (now.isPresent()) {
      if (now.get().to().equals(target) && now.get().strategy().equals(update)) {
        return;
      }
      String why = "wanted now: " + target + " by " + update.steps() + " %";
      now.get().rollBack(why, clock.millis());
      settle(now.get(), Event.GATEWAY, Traffic.NONE);
    }
    Traffic stable = kept.now().stable();
    if (target.equals(setback.versions())) {
      return;
    }
    forgetSetback(); // of what is not meant any more
    if (target.equals(stable) && !kept.now().rejected().isEmpty()) {
      kept.keep(kept.now().leaving(stable, Traffic.NONE, ""));
    }
    if (target.equals(stable) || target.equals(kept.now().rejected())) {
      return;
    }
    rollout = new Rollout(stable, target, update, clock.millis());
    tell(Event.Kind.ROLLOUT_BEGAN, stable.toString(), target.toString());
  }

  void ready() {
    Optional<Rollout> loading = rollout().filter(now -> now.phase() == Rollout.Phase.LOADING);
    loading.ifPresent(
        now -> {
          now.ready(clock.millis());
          afterStep(now);
        });
  }

  void failed(String why) {
    underWay()
        .ifPresent(
            now -> {
              now.fail(why, clock.millis());
              settle(now, Event.GATEWAY);
            });
  }

  /** The same, for a reason that says nothing of the versions: it is not written down. */
  void failedForNow(String why) {
    underWay()
        .ifPresent(
            now -> {
              setback = new Setback(now.to(), why);
              now.fail(why, clock.millis());
              settle(now, Event.GATEWAY, Traffic.NONE);
            });
  }

  /** Whether the traffic has changed. */
  boolean advance(Seen seen) {
    Rollout now = rollout;
    if (now == null) {
      return false;
    }
    long nowMillis = clock.millis();
    boolean isChanged = now.advance(nowMillis, seen);
    if (isChanged) {
      afterStep(now);
    } else if (now.becameOverdue(nowMillis)) {
      tell(Event.Kind.ROLLOUT_WAITS, "", now.reason());
    }
    return isChanged;
  }

  private void afterStep(Rollout now) {
    settle(now, Event.GATEWAY);
    if (now.phase() == Rollout.Phase.BAKING) {
      tell(Event.Kind.ROLLOUT_STEP, "", now.traffic().toString());
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
    if (!over.phase().isOver() || kept.isEnded()) {
      return;
    }
    boolean isDone = over.phase() == Rollout.Phase.DONE;
    kept.keep(
        kept.now()
            .leaving(
                isDone ? over.to() : kept.now().stable(),
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

  private void tell(Event.Kind kind, String before, String after) {
    events.add(Event.GATEWAY, name(), kind, before, after);
  }

  private String name() {
    return kept.now().spec().name();
  }
}
