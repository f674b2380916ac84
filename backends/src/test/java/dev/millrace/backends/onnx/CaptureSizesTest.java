// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CaptureSizesTest {
  private static int[] all(int maxRows) {
    CaptureSizes sizes = new CaptureSizes(maxRows);
    return IntStream.range(0, sizes.count()).map(sizes::rows).toArray();
  }

  @Test
  void arePowersOfTwoAndTheMiddlesUpToTheLargestBatch() {
    assertThat(all(128)).containsExactly(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128);
    assertThat(all(100)).containsExactly(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 100);
    assertThat(all(5)).containsExactly(1, 2, 3, 4, 5);
    assertThat(all(1)).containsExactly(1);
  }

  @Test
  void aBatchIsRunAsTheNextLargerOneAndAtMostHalfOfItsRowsAreAdded() {
    CaptureSizes sizes = new CaptureSizes(1000);
    for (int rows = 1; rows <= 1000; rows++) {
      int size = sizes.rows(sizes.indexFor(rows));
      assertThat(size).isBetween(rows, rows + rows / 2);
    }
  }

  @Test
  void thereIsNoneForMoreThanTheLargestBatch() {
    CaptureSizes sizes = new CaptureSizes(32);
    assertThat(sizes.indexFor(33)).isEqualTo(sizes.count());
  }
}
