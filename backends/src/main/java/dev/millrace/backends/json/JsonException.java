// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

/** A text is not the JSON that was expected; the message is the whole story in one line. */
public final class JsonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JsonException(String message) {
    super(message);
  }
}
