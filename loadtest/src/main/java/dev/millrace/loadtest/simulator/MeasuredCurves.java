// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.List;

/**
 * A service model that was measured: for each shape, how long so many rows take. Straight lines lie
 * between the measured points, and beyond the last the line goes on as between the last two.
 */
public final class MeasuredCurves implements ServiceModel {

  /**
   * What was measured of one shape.
   *
   * @param shape its name
   * @param rows ascending, at least 1
   * @param micros how long each takes, above 0
   */
  public record Curve(String shape, List<Integer> rows, List<Double> micros) {
    public Curve {
      rows = List.copyOf(rows);
      micros = List.copyOf(micros);
      if (rows.isEmpty() || rows.size() != micros.size()) {
        throw new IllegalArgumentException(
            "shape '%s': %d rows and %d micros (expected as many of each, at least one)"
                .formatted(shape, rows.size(), micros.size()));
      }
      for (int i = 0; i < rows.size(); i++) {
        int least = i == 0 ? 1 : rows.get(i - 1) + 1;
        if (rows.get(i) < least) {
          throw new IllegalArgumentException(
              "shape '%s': rows %d (expected at least %d)".formatted(shape, rows.get(i), least));
        }
        if (!(micros.get(i) > 0 && micros.get(i) < 1e12)) {
          throw new IllegalArgumentException(
              "shape '%s': micros %s (expected above 0)".formatted(shape, micros.get(i)));
        }
      }
    }

    private long nanosAt(int count) {
      if (rows.size() == 1) {
        return Math.round(1000 * micros.getFirst() * count / rows.getFirst());
      }
      int upper = 1;
      while (upper < rows.size() - 1 && rows.get(upper) < count) {
        upper++;
      }
      double slope =
          (micros.get(upper) - micros.get(upper - 1)) / (rows.get(upper) - rows.get(upper - 1));
      double at = micros.get(upper - 1) + slope * (count - rows.get(upper - 1));
      // below the first or above the last point a line may lead below 0
      double least = Math.min(micros.getFirst(), micros.getLast()) / rows.getLast();
      return Math.round(1000 * Math.max(at, least));
    }
  }

  /** Rows that are looked up; larger batches are computed each time. */
  private static final int TABLED = 256;

  private final List<Curve> curves;
  private final long[][] table;

  public MeasuredCurves(List<Curve> curves) {
    if (curves.isEmpty()) {
      throw new IllegalArgumentException("no curves (expected at least one)");
    }
    this.curves = List.copyOf(curves);
    this.table = new long[curves.size()][TABLED + 1];
    for (int shape = 0; shape < table.length; shape++) {
      for (int rows = 1; rows <= TABLED; rows++) {
        table[shape][rows] = curves.get(shape).nanosAt(rows);
      }
    }
  }

  public List<Curve> curves() {
    return curves;
  }

  @Override
  public long nanos(int shape, int rows) {
    return rows <= TABLED ? table[shape][rows] : curves.get(shape).nanosAt(rows);
  }
}
