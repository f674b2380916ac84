// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * The sizes of batches that are told apart: each number of rows up to 8, then four steps to every
 * doubling. Finer than costs differ, coarse enough that each size is seen often.
 */
final class Sizes {
  /** Up to a batch of 65,536 rows and a little more. */
  static final int COUNT = 64;

  private static final int EXACT = 8;

  private Sizes() {}

  /** The size class of a batch of that many rows, at least 1. */
  static int indexOf(int rows) {
    if (rows <= EXACT) {
      return Math.max(1, rows) - 1;
    }
    int octave = 31 - Integer.numberOfLeadingZeros(rows);
    int quarter = (rows >>> (octave - 2)) & 3;
    return Math.min(COUNT - 1, EXACT - 1 + (octave - 3) * 4 + quarter);
  }

  /** The fewest rows of a size class. */
  static int rowsOf(int index) {
    if (index < EXACT) {
      return index + 1;
    }
    int step = index - (EXACT - 1);
    return (4 + (step & 3)) << (1 + (step >> 2));
  }
}
