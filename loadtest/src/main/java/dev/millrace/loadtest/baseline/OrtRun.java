// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import java.util.Locale;

/**
 * What bare ONNX Runtime did with batches of one size.
 *
 * @param rows of a batch
 * @param length of open axes other than the first; 1 where there are none
 * @param microsPerRun by the clock
 * @param cpuMicrosPerRun of processor time
 */
public record OrtRun(int rows, int length, double microsPerRun, double cpuMicrosPerRun) {
  public double rowsPerSecond() {
    return rows * 1e6 / microsPerRun;
  }

  public double cpuMicrosPerRow() {
    return cpuMicrosPerRun / rows;
  }

  /** Reads {@link #line}; throws IllegalArgumentException if it is something else. */
  public static OrtRun parse(String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 4) {
      throw new IllegalArgumentException("'%s' (expected 4 numbers)".formatted(line));
    }
    return new OrtRun(
        Integer.parseInt(words[0]),
        Integer.parseInt(words[1]),
        Double.parseDouble(words[2]),
        Double.parseDouble(words[3]));
  }

  /** For another process. */
  String line() {
    return String.format(
        Locale.ROOT, "%d %d %.4f %.4f", rows, length, microsPerRun, cpuMicrosPerRun);
  }
}
