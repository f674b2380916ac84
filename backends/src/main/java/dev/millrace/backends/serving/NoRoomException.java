// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/** A model was not loaded for want of memory that may be there later. */
final class NoRoomException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Shortage shortage;

  NoRoomException(Shortage shortage) {
    super(shortage.reason());
    this.shortage = shortage;
  }

  Shortage shortage() {
    return shortage;
  }
}
