// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

/** What became of a delivery; all but the first two are refusals, which cause nothing. */
public enum HookOutcome {
  /** The deployments are looked at. */
  LOOKED(202),
  /** Of an event that changes no deployment. */
  IGNORED(200),
  MALFORMED(400),
  UNSIGNED(401),
  FORGED(401),
  STALE(401),
  WRONG_METHOD(405),
  REPLAYED(409),
  TOO_LARGE(413),
  TOO_MANY(429);

  private final int status;

  HookOutcome(int status) {
    this.status = status;
  }

  /** Of HTTP. */
  int status() {
    return status;
  }
}
