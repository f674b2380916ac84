// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import org.jspecify.annotations.Nullable;

/** The gateway could not start; the message says why in one line. */
public final class GatewayStartException extends Exception {
  private static final long serialVersionUID = 1L;

  public GatewayStartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
