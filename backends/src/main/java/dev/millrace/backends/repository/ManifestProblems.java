// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.ArrayList;
import java.util.List;

/** Collects everything that is wrong with one configuration file, so that all is said at once. */
final class ManifestProblems {

  /** A file of another kind altogether has one problem per line; the first few tell as much. */
  private static final int REPORTED = 20;

  private final String fileName;
  private final List<String> problems = new ArrayList<>();
  private int unreported;

  ManifestProblems(String fileName) {
    this.fileName = fileName;
  }

  /** A problem at a place in the file; both numbers count from 1. */
  void add(int line, int column, String problem) {
    add(fileName + ":" + line + ":" + column + ": " + problem);
  }

  /** A problem in a line, counted from 1. */
  void add(int line, String problem) {
    add(fileName + ":" + line + ": " + problem);
  }

  /** A problem of the file as a whole. */
  void addGeneral(String problem) {
    add(fileName + ": " + problem);
  }

  private void add(String problem) {
    if (problems.size() < REPORTED) {
      problems.add(problem);
    } else {
      unreported++;
    }
  }

  void throwIfAny() throws ManifestException {
    if (problems.isEmpty()) {
      return;
    }
    List<String> all = new ArrayList<>(problems);
    if (unreported > 0) {
      all.add("and " + unreported + " more");
    }
    throw new ManifestException(all);
  }
}
