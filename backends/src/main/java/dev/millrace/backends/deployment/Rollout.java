// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.gate.Measured;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.gate.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * How the traffic of a deployment goes from some versions to others: {@code LOADING → BAKING (step
 * by step) → DONE}, and from either to {@code ROLLED_BACK} or {@code FAILED}, which leave what was.
 *
 * <p>Pure: it is told the time and what was seen, and changes nothing but itself. One thread.
 */
public final class Rollout {

  /** How far it has come. */
  public enum Phase {
    /** The new versions are not ready. */
    LOADING,
    /** They get the part of the traffic that the step says. */
    BAKING,
    /** They get all of it. */
    DONE,
    /** A gate was not kept, or somebody said so. */
    ROLLED_BACK,
    /** They could not be loaded, or are not what they are to replace. */
    FAILED;

    /** Whether it is over. */
    public boolean isOver() {
      return this == DONE || this == ROLLED_BACK || this == FAILED;
    }
  }

  private final Traffic from;
  private final Traffic to;
  private final UpdateStrategy strategy;
  private Phase phase = Phase.LOADING;
  private String reason = "";
  private int step = -1;
  private int lastOverdue = -1;
  private long sinceMillis;

  public Rollout(Traffic from, Traffic to, UpdateStrategy strategy, long nowMillis) {
    this.from = from;
    this.to = to;
    this.strategy = strategy;
    this.sinceMillis = nowMillis;
  }

  public Traffic from() {
    return from;
  }

  public Traffic to() {
    return to;
  }

  public UpdateStrategy strategy() {
    return strategy;
  }

  public Phase phase() {
    return phase;
  }

  /** Why it is where it is, or what its step waits for; empty if there is nothing to say. */
  public String reason() {
    return reason;
  }

  /** The step of the strategy, from 0; -1 before the first. */
  public int step() {
    return step;
  }

  public int steps() {
    return strategy.steps().size();
  }

  /** When this phase, or step, began. */
  public long sinceMillis() {
    return sinceMillis;
  }

  /** Who answers now. */
  public Traffic traffic() {
    return switch (phase) {
      case LOADING, ROLLED_BACK, FAILED -> from;
      case BAKING -> from.giving(percent(), to);
      case DONE -> to;
    };
  }

  /** All new versions are ready: the first step begins, or all of it where nothing serves yet. */
  public void ready(long nowMillis) {
    if (phase != Phase.LOADING) {
      return;
    }
    if (from.isEmpty() || strategy.isAtOnce()) {
      enter(Phase.DONE, "", nowMillis);
    } else {
      beginStep(0, nowMillis);
    }
  }

  /**
   * Looks whether the step is over, or was one too many.
   *
   * @param seen since the step began
   * @return whether anything has changed
   */
  public boolean advance(long nowMillis, Seen seen) {
    if (phase != Phase.BAKING) {
      return false;
    }
    Verdict verdict = strategy.gates().judge(seen);
    return switch (verdict.state()) {
      case BROKEN -> {
        rollBack(verdict.reason(), nowMillis);
        yield true;
      }
      case IN_DOUBT, KEPT -> {
        List<String> awaited = awaited(nowMillis, seen.judged(), verdict);
        if (awaited.isEmpty()) {
          endStep(nowMillis);
        } else {
          reason = stepText(awaited);
        }
        yield awaited.isEmpty();
      }
    };
  }

  /** What has yet to come before the step ends. */
  private List<String> awaited(long nowMillis, Measured candidate, Verdict verdict) {
    List<String> awaited = new ArrayList<>();
    if (!isBaked(nowMillis)) {
      awaited.add(bakeText());
    }
    strategy.gates().shortfall(candidate, percent()).ifPresent(awaited::add);
    if (verdict.state() == Verdict.State.IN_DOUBT) {
      awaited.add("more requests than those of one moment, in which " + verdict.reason());
    }
    return awaited;
  }

  private void endStep(long nowMillis) {
    if (step == strategy.steps().size() - 1) {
      enter(Phase.DONE, "", nowMillis);
    } else {
      beginStep(step + 1, nowMillis);
    }
  }

  private void beginStep(int next, long nowMillis) {
    step = next;
    enter(Phase.BAKING, "", nowMillis);
    reason = stepText(isBaked(nowMillis) ? List.of() : List.of(bakeText()));
  }

  private int percent() {
    return strategy.steps().get(step);
  }

  private boolean isBaked(long nowMillis) {
    return nowMillis - sinceMillis >= strategy.bake().toMillis();
  }

  private String bakeText() {
    return "bake time until " + Instant.ofEpochMilli(sinceMillis).plus(strategy.bake());
  }

  private String stepText(List<String> awaited) {
    String which = "step %d of %d (%d %%)".formatted(step + 1, steps(), percent());
    return awaited.isEmpty() ? which : which + ": waits for " + String.join("; ", awaited);
  }

  /** Whether its step has begun to last longer than its bake time; once a step. */
  boolean becameOverdue(long nowMillis) {
    if (phase != Phase.BAKING || lastOverdue == step || !isBaked(nowMillis)) {
      return false;
    }
    lastOverdue = step;
    return true;
  }

  /** All of it to the new versions, now; they must be ready. */
  public void promote(long nowMillis) {
    if (phase == Phase.BAKING) {
      enter(Phase.DONE, "", nowMillis);
    }
  }

  /** All of it back to the old ones. */
  public void rollBack(String why, long nowMillis) {
    if (!phase.isOver()) {
      enter(Phase.ROLLED_BACK, why, nowMillis);
    }
  }

  /** The new versions cannot serve. */
  public void fail(String why, long nowMillis) {
    if (!phase.isOver()) {
      enter(Phase.FAILED, why, nowMillis);
    }
  }

  private void enter(Phase next, String why, long nowMillis) {
    phase = next;
    reason = why;
    sinceMillis = nowMillis;
  }

  @Override
  public String toString() {
    return from + " → " + to + ": " + phase + (reason.isEmpty() ? "" : " (" + reason + ")");
  }
}
