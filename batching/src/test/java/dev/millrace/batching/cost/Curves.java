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
