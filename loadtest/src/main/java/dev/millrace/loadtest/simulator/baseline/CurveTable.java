// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.ServiceCurve;
import java.util.ArrayList;
import java.util.List;

/** A service curve read once per size, and the questions schedulers ask of it. */
final class CurveTable {
  /** Of the SLO: two runs fit, one and a stagger fits, one barely fits. */
  private static final double[] RUN_SHARES = {.4, .6, .75, .9};

  private final ServiceCurve curve;
  private final int maxBatch;
  private final List<long[]> byShape = new ArrayList<>();

  /**
   * @param maxBatch the largest number of rows it will be asked for
   */
  CurveTable(ServiceCurve curve, int maxBatch) {
    this.curve = curve;
    this.maxBatch = Check.positive("max batch", maxBatch);
  }

  int maxBatch() {
    return maxBatch;
  }

  /** Of a run; more rows than the largest batch are read from the curve. */
  long nanos(int shape, int rows) {
    return rows <= maxBatch ? row(shape)[rows] : curve.nanos(shape, rows);
  }

  /** The most rows, of at most so many, that run within the budget; 0 if not even one does. */
  int largestWithin(int shape, int limit, long budgetNanos) {
    long[] nanos = row(shape);
    for (int rows = Math.min(limit, maxBatch); rows > 0; rows--) { // a table may not be monotone
      if (nanos[rows] <= budgetNanos) {
        return rows;
      }
    }
    return 0;
  }

  /** Five largest batches to try: by how much of the SLO they run, and the largest of all. */
  List<Integer> batchesToTry(int shape, long sloNanos) {
    List<Integer> batches = new ArrayList<>();
    for (double share : RUN_SHARES) {
      batches.add(Math.max(1, largestWithin(shape, maxBatch, (long) (share * sloNanos))));
    }
    batches.add(maxBatch);
    return batches;
  }

  /** The most rows per nanosecond of any batch that runs within the budget; 0 if none does. */
  double bestRate(int shape, long budgetNanos) {
    long[] nanos = row(shape);
    double best = 0;
    for (int rows = 1; rows <= maxBatch; rows++) {
      if (nanos[rows] <= budgetNanos) {
        best = Math.max(best, rows / (double) nanos[rows]);
      }
    }
    return best;
  }

  private long[] row(int shape) {
    while (byShape.size() <= shape) {
      byShape.add(read(byShape.size()));
    }
    return byShape.get(shape);
  }

  private long[] read(int shape) {
    long[] nanos = new long[maxBatch + 1];
    for (int rows = 1; rows <= maxBatch; rows++) {
      nanos[rows] = curve.nanos(shape, rows);
    }
    return nanos;
  }
}
