// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

/** What is wrong with a value, where there is more to say of it than what was expected. */
final class ValueProblem extends Exception {
  private static final long serialVersionUID = 1;

  ValueProblem(String message) {
    super(message);
  }

  /** The same as a sentence after the setting's name. */
  String text() {
    return String.valueOf(getMessage());
  }
}
