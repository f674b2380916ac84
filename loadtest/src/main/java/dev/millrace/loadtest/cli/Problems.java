// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.workload.WorkloadException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Collects what is wrong with arguments, so that the user is told all of it at once. */
final class Problems {
  private final List<String> lines = new ArrayList<>();

  void add(String line) {
    lines.add(line);
  }

  /** Adds a line unless something holds. */
  void require(boolean holds, String otherwise) {
    if (!holds) {
      add(otherwise);
    }
  }

  /** Reads something; what goes wrong is collected, and the other value stands in for it. */
  <T> T read(Supplier<T> reader, T otherwise) {
    try {
      return reader.get();
    } catch (WorkloadException e) {
      add(String.valueOf(e.getMessage()));
      return otherwise;
    }
  }

  /** Throws if there are any. */
  void check() {
    if (!lines.isEmpty()) {
      throw new UsageException(lines);
    }
  }
}
