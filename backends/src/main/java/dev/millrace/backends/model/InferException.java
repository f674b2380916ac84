// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

/** A {@link Failure} on its way out. Without a stack trace: bad requests are to cost little. */
public final class InferException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Failure failure;

  public InferException(Failure failure) {
    super(failure.detail(), null, false, false);
    this.failure = failure;
  }

  public static InferException invalid(String detail) {
    return new InferException(Failure.invalid(detail));
  }

  public Failure failure() {
    return failure;
  }
}
