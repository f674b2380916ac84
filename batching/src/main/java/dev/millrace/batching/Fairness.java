// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.Arrays;

/**
 * How tenants share a queue that cannot serve them all.
 *
 * @param weights weight of each tenant by its number, from 0 on; those beyond have 1
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once
public record Fairness(double[] weights) {
  /** Numbers of tenants that are told apart: 0..15. */
  public static final int TENANTS = Shares.TENANTS;

  /** All alike. */
  public static final Fairness NONE = new Fairness(new double[0]);

  public Fairness {
    for (double weight : weights) {
      if (!(weight > 0)) {
        throw new IllegalArgumentException(
            "weights: " + Arrays.toString(weights) + " (expected numbers above 0)");
      }
    }
  }
}
