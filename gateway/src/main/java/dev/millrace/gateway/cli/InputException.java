// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

/** What the user gave cannot be used; the message is the whole story in one line. */
final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InputException(String message) {
    super(message);
  }
}
