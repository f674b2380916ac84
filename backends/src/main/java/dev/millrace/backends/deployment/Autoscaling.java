// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * Between which bounds the replicas of each version of a deployment follow its load.
 *
 * @param min replicas at least, and to begin with; 0 for a model that is loaded when it is called
 * @param max replicas at most; 0 if the load decides nothing
 * @param downAfter how long fewer would have been enough before there are fewer
 */
public record Autoscaling(int min, int max, Duration downAfter) {
  /** Long enough that a pause in the traffic takes nothing down. */
  public static final Duration DEFAULT_DOWN_AFTER = Duration.ofSeconds(60);

  /** The load decides nothing. */
  public static final Autoscaling OFF = new Autoscaling(0, 0, DEFAULT_DOWN_AFTER);

  /** Between these, and down after {@link #DEFAULT_DOWN_AFTER}. */
  public static Autoscaling between(int min, int max) {
    return new Autoscaling(min, max, DEFAULT_DOWN_AFTER);
  }

  public boolean isOn() {
    return max > 0;
  }

  /** The nearest count within the bounds. */
  int bounded(int replicas) {
    return Math.clamp(replicas, Math.max(1, min), max);
  }

  /** Whether nothing is loaded while nobody calls. */
  public boolean isLoadedOnDemand() {
    return isOn() && min == 0;
  }

  /** "1..4", "1..4 and down after 300 s", or "off". */
  @Override
  public String toString() {
    if (!isOn()) {
      return "off";
    }
    String bounds = min + ".." + max;
    String seconds =
        BigDecimal.valueOf(downAfter.toNanos(), 9).stripTrailingZeros().toPlainString();
    return downAfter.equals(DEFAULT_DOWN_AFTER)
        ? bounds
        : bounds + " and down after " + seconds + " s";
  }
}
