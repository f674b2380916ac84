// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import org.opentest4j.TestAbortedException;

/** The end of a test for which this machine lacks a program: as a skip that is seen in the log. */
public final class Skip {
  private Skip() {}

  /** What ends the test when it is thrown; it is said at once. */
  public static TestAbortedException because(String program, String reason) {
    String line = "real clients: %s SKIPPED: %s".formatted(program, reason);
    System.out.println(line);
    return new TestAbortedException(line);
  }
}
