// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

/** Native libraries that cannot be used; the message says which, why, and what was expected. */
public final class NativesException extends Exception {
  private static final long serialVersionUID = 1;

  public NativesException(String reason) {
    super(reason);
  }

  public NativesException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
