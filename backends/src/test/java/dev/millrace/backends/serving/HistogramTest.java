// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HistogramTest {

  @Test
  void countsEachValueOnceUpToItsBoundInclusive() {
    Histogram histogram = new Histogram(10, 20);
    for (long value : new long[] {0, 10, 11, 20, 21}) {
      histogram.add(value);
    }

    assertThat(histogram.snapshot().counts()).containsExactly(2, 2, 1);
    assertThat(histogram.snapshot().sum()).isEqualTo(62);
  }

  @Test
  void partsOfBucketsMakeTheSameBuckets() {
    Histogram fine = Histogram.inParts(4, 10, 50);
    Histogram coarse = new Histogram(10, 50);
    for (long value = 0; value < 100; value++) {
      fine.add(value);
      coarse.add(value);
    }

    assertThat(fine.snapshot().upperBounds()).containsExactly(2, 5, 7, 10, 20, 30, 40, 50);
    assertThat(fine.snapshot().count()).isEqualTo(100);
    assertThat(fine.snapshot().coarse().upperBounds()).containsExactly(10, 50);
    assertThat(fine.snapshot().coarse().counts()).isEqualTo(coarse.snapshot().counts());
    assertThat(fine.snapshot().coarse().sum()).isEqualTo(4950);
  }
}
