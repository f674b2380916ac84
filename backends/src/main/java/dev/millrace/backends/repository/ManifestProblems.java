// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects everything that is wrong with one configuration, so that all is said at once. */
final class ManifestProblems {

  /** A file of another kind altogether has one problem per line; the first few tell as much. */
  private static final int REPORTED = 20;

  private final String source;
  private final boolean hasLines;
  private final List<Problem> problems = new ArrayList<>();

  private record Problem(int line, int column, String text) {}

  /** Of a file. */
  ManifestProblems(String fileName) {
    this(fileName, true);
  }

  private ManifestProblems(String source, boolean hasLines) {
    this.source = source;
    this.hasLines = hasLines;
  }

  /** Of a field whose text nobody has seen: a problem stands with the key, not with a line. */
  static ManifestProblems ofField(String name) {
    return new ManifestProblems(name, false);
  }

  String source() {
    return source;
  }

  /** A problem at a place in the file; both numbers count from 1. */
  void add(int line, int column, String problem) {
    problems.add(new Problem(line, column, source + ":" + line + ":" + column + ": " + problem));
  }

  /** A problem in a line, counted from 1. */
  void add(int line, String problem) {
    String place = hasLines ? source + ":" + line + ": " : source + ".";
    problems.add(new Problem(line, 0, place + problem));
  }

  void throwIfAny() throws ManifestException {
    if (problems.isEmpty()) {
      return;
    }
    List<String> reported = new ArrayList<>();
    problems.stream()
        .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
        .limit(REPORTED)
        .forEach(problem -> reported.add(problem.text));
    if (problems.size() > REPORTED) {
      reported.add("and " + (problems.size() - REPORTED) + " more");
    }
    throw new ManifestException(reported);
  }
}
