// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import java.util.List;

/** The arguments cannot be used. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  /**
   * Made once all is read.
   *
   * @param problems a line each, complete in itself; at least one
   */
  UsageException(List<String> problems) {
    super(String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  List<String> problems() {
    return problems;
  }
}
