// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SizesTest {

  @Test
  void theFewestRowsOfASizeAreOfThatSize() {
    for (int index = 0; index < Sizes.COUNT; index++) {
      assertThat(Sizes.indexOf(Sizes.rowsOf(index))).isEqualTo(index);
    }
  }

  @Test
  void oneRowLessIsOfTheSizeBelow() {
    for (int index = 1; index < Sizes.COUNT; index++) {
      assertThat(Sizes.indexOf(Sizes.rowsOf(index) - 1)).isEqualTo(index - 1);
    }
  }

  @Test
  void moreRowsAreNeverOfASmallerSize() {
    for (int rows = 1; rows < 200_000; rows++) {
      assertThat(Sizes.indexOf(rows + 1))
          .isBetween(Sizes.indexOf(rows), Sizes.indexOf(rows) + 1)
          .isLessThan(Sizes.COUNT);
    }
  }

  @Test
  void theRowsOfASizeDifferByAQuarterAtMost() {
    for (int index = 0; index + 1 < Sizes.COUNT; index++) {
      int widest = Math.max(1, Sizes.rowsOf(index) / 4);
      assertThat(Sizes.rowsOf(index + 1) - Sizes.rowsOf(index)).isBetween(1, widest);
    }
  }

  @Test
  void whatIsOutOfRangeCountsAsTheNearestSize() {
    assertThat(Sizes.indexOf(0)).isZero();
    assertThat(Sizes.indexOf(-5)).isZero();
    assertThat(Sizes.indexOf(Integer.MAX_VALUE)).isEqualTo(Sizes.COUNT - 1);
  }
}
