// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The numbers of rows that a graph is captured for: powers of two and the middles between them, up
 * to the largest batch. A batch of another number is run as the next larger one: at most half of
 * its rows more, a fifth on average.
 */
final class CaptureSizes {
  private final int[] sizes;

  /**
   * @param maxRows of a batch, 1 or more
   */
  CaptureSizes(int maxRows) {
    this.sizes =
        IntStream.concat(
                IntStream.iterate(1, size -> size < maxRows && size > 0, size -> size * 2)
                    .flatMap(CaptureSizes::withHalf)
                    .filter(size -> size < maxRows),
                IntStream.of(maxRows))
            .toArray();
  }

  private static IntStream withHalf(int size) {
    return size < 2 ? IntStream.of(size) : IntStream.of(size, size + size / 2);
  }

  int count() {
    return sizes.length;
  }

  /** In ascending order. */
  int rows(int index) {
    return sizes[index];
  }

  /** The index of the smallest that has room for so many rows; the count if none has. */
  int indexFor(int rows) {
    int found = Arrays.binarySearch(sizes, rows);
    return found >= 0 ? found : -found - 1;
  }
}
