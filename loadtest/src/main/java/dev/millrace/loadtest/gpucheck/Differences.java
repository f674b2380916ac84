// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import java.io.IOException;
import java.util.List;

/** How far answers are from each other. */
final class Differences {
  private Differences() {}

  /**
   * The largest difference of two elements, as a share of the largest element of its output.
   *
   * @throws IOException if the answers are of different sizes, or not of numbers
   */
  static double largest(List<float[]> expected, List<float[]> actual) throws IOException {
    if (expected.size() != actual.size()) {
      throw new IOException("%d outputs (expected %d)".formatted(actual.size(), expected.size()));
    }
    double largest = 0;
    for (int i = 0; i < expected.size(); i++) {
      largest = Math.max(largest, largest(expected.get(i), actual.get(i)));
    }
    return largest;
  }

  private static double largest(float[] expected, float[] actual) throws IOException {
    if (expected.length != actual.length) {
      throw new IOException("%d elements (expected %d)".formatted(actual.length, expected.length));
    }
    double scale = Float.MIN_NORMAL;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      if (!Float.isFinite(actual[i])) {
        throw new IOException("element %d: %s (expected a number)".formatted(i, actual[i]));
      }
      scale = Math.max(scale, Math.abs(expected[i]));
      largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
    }
    return largest / scale;
  }
}
