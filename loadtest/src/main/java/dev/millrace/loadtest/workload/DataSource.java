// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.nio.file.Path;

/** Where the contents of the inputs come from. */
public sealed interface DataSource {

  /**
   * Made up: real numbers from the normal distribution, integers from 0 to 99 (which are tokens in
   * any vocabulary), bytes from 0 to 255, words of eight letters.
   */
  record Random() implements DataSource {}

  /** Zeros, and empty strings. */
  record Zeros() implements DataSource {}

  /** A {@code .json}, {@code .npz} or {@code .npy} file; shapes come from it too. */
  record File(Path path) implements DataSource {}

  /** Reads {@code random}, {@code zeros}, or else a path. */
  static DataSource parse(String text) {
    return switch (text) {
      case "random" -> new Random();
      case "zeros" -> new Zeros();
      default -> new File(Path.of(text));
    };
  }
}
