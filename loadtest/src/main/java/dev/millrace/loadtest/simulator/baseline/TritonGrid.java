// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.baseline.TritonDynamic.Options;
import java.util.ArrayList;
import java.util.List;

/**
 * Settings of Triton's batcher to take the best of, by workload: 5 largest batches, 3 delays and
 * with or without a timeout. The best of 30 in hindsight is more than an operator has.
 */
public final class TritonGrid {
  private static final double[] DELAY_SHARES = {0, .1, .2};

  private TritonGrid() {}

  /**
   * What one would try who has measured the model: batches by how much of the SLO they run, and the
   * timeout that leaves just the time of such a run; the default is among them. With many replicas
   * this comes near the saturated rate: a delay fills the batches, which staggers the replicas, and
   * the timeout drops early.
   *
   * @param shape whose curve is looked at
   */
  public static List<Options> measured(ServiceCurve curve, int shape, int maxBatch, long sloNanos) {
    CurveTable table = new CurveTable(curve, maxBatch);
    List<Options> grid = new ArrayList<>();
    for (int batch : table.batchesToTry(shape, sloNanos)) {
      long leftNanos = sloNanos - table.nanos(shape, batch);
      add(grid, batch, sloNanos, leftNanos > 0 ? leftNanos : sloNanos / 2);
    }
    return grid;
  }

  /**
   * What one would try who has not, with the default among them: the largest batch halved 4 times,
   * half the SLO as timeout.
   */
  public static List<Options> round(int maxBatch, long sloNanos) {
    List<Options> grid = new ArrayList<>();
    for (int halvings = 0; halvings < 5; halvings++) {
      add(grid, Math.max(1, maxBatch >> halvings), sloNanos, sloNanos / 2);
    }
    return grid;
  }

  private static void add(List<Options> grid, int batch, long sloNanos, long timeoutNanos) {
    for (double share : DELAY_SHARES) {
      Options options = Options.byDefault(batch).withMaxQueueDelayNanos((long) (share * sloNanos));
      grid.add(options);
      grid.add(options.withQueueTimeoutNanos(timeoutNanos));
    }
  }
}
