// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import org.jspecify.annotations.Nullable;

/** An engine did not run a batch; the message is the engine's. */
public final class ModelRunException extends Exception {
  private static final long serialVersionUID = 1;

  private final Failure.Kind kind;

  /** The engine failed. */
  public ModelRunException(String message, @Nullable Throwable cause) {
    this(Failure.Kind.ENGINE, message, cause);
  }

  private ModelRunException(Failure.Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** The engine refuses the request: it is to blame, not the engine. */
  public static ModelRunException invalid(String message, @Nullable Throwable cause) {
    return new ModelRunException(Failure.Kind.INVALID, message, cause);
  }

  /** ENGINE, or INVALID if the request is to blame. */
  public Failure.Kind kind() {
    return kind;
  }
}
