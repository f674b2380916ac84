// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

/**
 * What gates say of a new version.
 *
 * @param reason what speaks against it; empty if nothing does
 */
public record Verdict(State state, String reason) {

  /** How a gate stands. */
  public enum State {
    /** Nothing speaks against the version. */
    KEPT,
    /** Much does, of one moment, and too little was seen besides to tell. */
    IN_DOUBT,
    /** It has to go. */
    BROKEN
  }

  static final Verdict KEPT = new Verdict(State.KEPT, "");

  static Verdict inDoubt(String reason) {
    return new Verdict(State.IN_DOUBT, reason);
  }

  static Verdict broken(String reason) {
    return new Verdict(State.BROKEN, reason);
  }

  /** The worse of two; of equal ones the first. */
  static Verdict worse(Verdict first, Verdict second) {
    return second.state.compareTo(first.state) > 0 ? second : first;
  }
}
