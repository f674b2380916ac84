// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether it is known which versions a spec means, and why not. Guarded by its owner. */
final class Resolution {
  private static final Logger log = LoggerFactory.getLogger(Resolution.class);

  private String obstacle = "";
  private Obstacle kind = Obstacle.MISSING;
  private long observed;
  private long resolved;

  /** Why it cannot be found out which versions are meant. */
  enum Obstacle {
    /** They are not there. */
    MISSING,
    /** The repository cannot be read. */
    UNREADABLE,
    /** Their files are still being written. */
    ARRIVING
  }

  /** The last generation that was looked at. */
  long observed() {
    return observed;
  }

  /** Why it cannot be found out at the moment; empty if it can. */
  String obstacle() {
    return obstacle;
  }

  /** Whether it has been found out what a generation means, once. */
  boolean isKnown(long generation) {
    return resolved == generation;
  }

  /**
   * Why what is declared cannot be made so; empty if it can. That the registry cannot be read is no
   * reason once it has been found out what this generation means: what was meant goes on.
   */
  String failure(long generation) {
    boolean passes =
        kind == Obstacle.ARRIVING || (kind == Obstacle.UNREADABLE && isKnown(generation));
    return passes ? "" : obstacle;
  }

  void found(long generation) {
    observed = generation;
    resolved = generation;
    obstacle = "";
  }

  /** A new generation that means the same versions. */
  void means(long generation) {
    resolved = generation;
  }

  void notFound(String name, long generation, String why, Obstacle newKind) {
    kind = newKind;
    if (kind != Obstacle.ARRIVING) {
      observed = generation;
    }
    if (!obstacle.equals(why)) {
      log.warn("deployment {}: {}", name, why);
    }
    obstacle = why;
  }
}
