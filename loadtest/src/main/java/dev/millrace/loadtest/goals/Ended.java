// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/** The user has seen enough before there was anything to show. */
final class Ended extends Exception {
  private static final long serialVersionUID = 1L;

  Ended() {
    super("ended early");
  }
}
