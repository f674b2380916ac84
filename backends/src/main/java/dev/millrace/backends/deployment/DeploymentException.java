// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

/** What was asked for cannot be done; the message is for whoever asked. */
public final class DeploymentException extends Exception {
  private static final long serialVersionUID = 1;

  /** What kind of an obstacle it is. */
  public enum Kind {
    INVALID,
    NOT_FOUND,
    /** Somebody else has changed it meanwhile. */
    CHANGED,
    /** Something else has to be done first. */
    PRECONDITION,
    /** It could not be written down. */
    STORAGE
  }

  private final Kind kind;

  public DeploymentException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
