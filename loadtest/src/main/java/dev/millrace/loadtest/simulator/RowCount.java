// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.SplittableRandom;

/** How many rows a request has. */
@FunctionalInterface
public interface RowCount {
  RowCount ONE = random -> 1;

  int draw(SplittableRandom random);

  /** 1..max, the k-th 1/k times as often as the first: most are small, some are not. */
  static RowCount zipf(int max) {
    double[] upTo = new double[max];
    double sum = 0;
    for (int k = 1; k <= max; k++) {
      sum += 1.0 / k;
      upTo[k - 1] = sum;
    }
    double total = sum;
    return random -> {
      double drawn = random.nextDouble() * total;
      int k = 0;
      while (k < max - 1 && upTo[k] <= drawn) {
        k++;
      }
      return k + 1;
    };
  }
}
