// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;

/** The repository was read, and what was asked for is not in it. */
public final class UnknownVersionException extends IOException {
  private static final long serialVersionUID = 1;

  private final boolean modelKnown;

  /**
   * Says what is missing.
   *
   * @param modelKnown whether the model is there, in other versions or under other aliases
   */
  public UnknownVersionException(String message, boolean modelKnown) {
    super(message);
    this.modelKnown = modelKnown;
  }

  /** Whether the model is there, in other versions or under other aliases. */
  public boolean isModelKnown() {
    return modelKnown;
  }
}
