// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.gate.Measured;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.gate.Verdict;

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

  /** Why it is where it is; empty if there is nothing to say. */
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
      case BAKING -> from.giving(strategy.steps().get(step), to);
      case DONE -> to;
    };
  }

  /** All new versions are ready: the first step begins, or all of it where nothing serves yet. */
  public void ready(long nowMillis) {
    if (phase != Phase.LOADING) {
      return;
    }
    if (from.isEmpty() || isAtOnce()) {
      enter(Phase.DONE, "", nowMillis);
    } else {
      step = 0;
      enter(Phase.BAKING, "", nowMillis);
    }
  }

  private boolean isAtOnce() {
    return strategy.steps().size() == 1 && !strategy.bake().isPositive();
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
      case IN_DOUBT -> false;
      case KEPT -> endStep(nowMillis, seen.judged());
    };
  }

  private boolean endStep(long nowMillis, Measured candidate) {
    boolean baked = nowMillis - sinceMillis >= strategy.bake().toMillis();
    if (!baked || !strategy.gates().isEnough(candidate, strategy.steps().get(step))) {
      return false;
    }
    if (step == strategy.steps().size() - 1) {
      enter(Phase.DONE, "", nowMillis);
    } else {
      step++;
      sinceMillis = nowMillis;
    }
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
