// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/** Curves that have been learned, for tests of what decides by them. */
public final class Curves {
  private static final int ROUNDS = 30;

  private Curves() {}

  /** Of a machine that never varies, each size tried many times. */
  public static Curve line(double alphaNanos, double betaNanos, int maxRows) {
    return learned(FakeMachine.line(alphaNanos, betaNanos), maxRows);
  }

  /** Of a machine whose runs vary by so much, as a share of their mean. */
  public static Curve noisyLine(double alphaNanos, double betaNanos, double noise, int maxRows) {
    return learned(FakeMachine.line(alphaNanos, betaNanos).withNoise(noise), maxRows);
  }

  /** After so many runs of one row. */
  public static Curve afterRunsOfOneRow(int runs, long nanos, int maxRows) {
    CostModel model = new CostModel(maxRows);
    for (int i = 0; i < runs; i++) {
      model.observe(0, 1, nanos);
    }
    return model.curve(0);
  }

  /** Of which a size is the best known, and a larger one is being tried. */
  public static Curve trying(double alphaNanos, double betaNanos, int cap, int limit) {
    double[] nanos = new double[Sizes.indexOf(limit)];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = alphaNanos + betaNanos * Sizes.rowsOf(i);
    }
    return new Curve(nanos, alphaNanos, betaNanos, 0, cap, cap, limit, 100);
  }

  private static Curve learned(FakeMachine machine, int maxRows) {
    CostModel model = new CostModel(maxRows);
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < Sizes.COUNT && Sizes.rowsOf(i) <= maxRows; i++) {
        int rows = Sizes.rowsOf(i);
        model.observe(0, rows, machine.run(rows));
      }
    }
    return model.curve(0);
  }
}
