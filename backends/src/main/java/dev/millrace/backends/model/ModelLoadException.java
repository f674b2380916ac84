// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import org.jspecify.annotations.Nullable;

/** A model could not be loaded; the message is the reason shown to its owner. */
public final class ModelLoadException extends Exception {
  private static final long serialVersionUID = 1;

  public ModelLoadException(String reason) {
    super(reason);
  }

  public ModelLoadException(String reason, @Nullable Throwable cause) {
    super(reason, cause);
  }
}
