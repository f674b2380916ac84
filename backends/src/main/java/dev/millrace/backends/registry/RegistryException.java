// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

/** What was asked of the registry cannot be done; the message is for whoever asked. */
public final class RegistryException extends Exception {
  private static final long serialVersionUID = 1;

  /** What kind of an obstacle it is. */
  public enum Kind {
    INVALID,
    NOT_FOUND,
    /** The version is there, with another content. */
    CONFLICT,
    /** Something still means what is to be deleted. */
    IN_USE,
    /** What has arrived is not what was announced. */
    DAMAGED,
    /** There is no memory to look whether it can be loaded. */
    NO_ROOM
  }

  private final Kind kind;

  public RegistryException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
