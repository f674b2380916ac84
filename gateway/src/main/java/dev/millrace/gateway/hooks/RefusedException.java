// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

/** A delivery is not taken. The message is for whoever sent it: no secret and no signature. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  private final HookOutcome outcome;

  RefusedException(HookOutcome outcome, String message) {
    super(message);
    this.outcome = outcome;
  }

  HookOutcome outcome() {
    return outcome;
  }
}
