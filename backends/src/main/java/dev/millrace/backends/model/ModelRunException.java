// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import org.jspecify.annotations.Nullable;

/** An engine failed to run a batch; the message is the engine's. */
public final class ModelRunException extends Exception {
  private static final long serialVersionUID = 1;

  public ModelRunException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
