// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * Makes a {@link Curve} of averages by size class: sizes seen seldom are drawn to the line through
 * all, times are made to rise with the rows, and what lies between or beyond is interpolated.
 */
final class CurveFit {
  /** Samples that the line is worth against those of a size. */
  private static final double LINE_WEIGHT = 2;

  /** Time per row of the smallest batches over the best, up to which batches are not worth it. */
  static final double NOTHING_GAINED = 1.05;

  /** Runs of a size before it counts. */
  private static final int ENOUGH = 3;

  /** Standard errors that a size is charged with: a lucky few are not to displace what is known. */
  private static final double DOUBT = 1.5;

  /** The same for the fixed part: it is asked after each few batches, and chance has many tries. */
  private static final double DOUBT_OF_A_FIXED_PART = 2.5;

  private static final int MOST_WEIGHT = 64;

  /** The line is fitted where batches are worth running: up to a little above the cap. */
  private static final double FIT_REACH = 1.5;

  /** In rows: of a model that gains nothing, the first sizes say so. */
  private static final double LEAST_REACH = 4;

  private final double[] rows = new double[Sizes.COUNT];
  private final double[] nanos = new double[Sizes.COUNT];
  private final double[] weight = new double[Sizes.COUNT];
  private int points;

  private double tolerance = 1;
  private double variation;
  private double alpha;
  private double beta;

  CurveFit(double[] rowsMean, double[] nanosMean, int[] samples) {
    for (int i = 0; i < Sizes.COUNT; i++) {
      // one slow run of a new size must not make the line
      if (samples[i] >= ENOUGH || (samples[i] > 0 && points == 0)) {
        rows[points] = rowsMean[i];
        nanos[points] = nanosMean[i];
        weight[points] = Math.min(samples[i], MOST_WEIGHT);
        points++;
      }
    }
  }

  Curve curve(double speed, CurveLearner learner) {
    fitLine(Double.POSITIVE_INFINITY);
    tolerance = learner.capTolerance();
    variation = learner.variation();
    int rough = best();
    fitLine(Math.max(LEAST_REACH, rows[rough] * FIT_REACH));
    drawToLine();
    makeMonotone();
    int best = best();
    if (alpha == 0 && best > 0) {
      lineThrough(best);
    }
    int cap = Math.clamp(Math.round(rows[best]), 1, learner.maxRows());
    return new Curve(
        table(speed),
        alpha * speed,
        beta * speed,
        learner.variation(),
        cap,
        learner.promising(cap),
        learner.limit(cap),
        learner.total());
  }

  /** The smallest size whose time per row is the best there is, or nearly. */
  private int best() {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < points; i++) {
      least = Math.min(least, perRow(i));
    }
    int best = 0;
    if (perRow(0) <= least * NOTHING_GAINED) {
      return best; // one after the other: the first need not wait for the last
    }
    while (perRow(best) > least * tolerance) {
      best++;
    }
    return best;
  }

  /** Time per row; of what was seen seldom, what it may well be. */
  private double perRow(int point) {
    double doubt = DOUBT * Math.min(variation, 0.15) / Math.sqrt(weight[point]);
    return nanos[point] / rows[point] * (1 + doubt);
  }

  /** Least squares of relative errors; neither part below nothing. */
  private void fitLine(double upToRows) {
    double w = 0;
    double wr = 0;
    double wrr = 0;
    double wn = 0;
    double wrn = 0;
    int used = 0;
    for (int i = 0; i < points && rows[i] <= upToRows; i++) {
      double relative = weight[i] / (nanos[i] * nanos[i]);
      w += relative;
      wr += relative * rows[i];
      wrr += relative * rows[i] * rows[i];
      wn += relative * nanos[i];
      wrn += relative * rows[i] * nanos[i];
      used++;
    }
    double spread = w * wrr - wr * wr;
    if (used < 2 || spread <= 1e-12 * w * wrr) {
      // one size tells nothing of what a further row costs: half of it, until more is known
      alpha = nanos[0] / 2;
      beta = nanos[0] / 2 / rows[0];
      return;
    }
    beta = (w * wrn - wr * wn) / spread;
    alpha = (wn - beta * wr) / w;
    // a fixed part that may as well be chance is no reason for batches
    double doubt = DOUBT_OF_A_FIXED_PART * variation * Math.sqrt(wrr / spread);
    if (alpha < doubt || alpha < (NOTHING_GAINED - 1) * beta) {
      alpha = 0;
      beta = wrn / wrr;
    } else if (beta <= 0) {
      alpha = wn / w;
      beta = alpha * 1e-3; // flat, as far as it was seen; never free
    }
  }

  /** Where the fit tells nothing: what the best size gains over the smallest is known. */
  private void lineThrough(int best) {
    double slope = (nanos[best] - nanos[0]) / (rows[best] - rows[0]);
    beta = Math.max(slope, nanos[0] * 1e-3);
    alpha = Math.max(0, nanos[0] - beta * rows[0]);
  }

  private void drawToLine() {
    if (points < 3) {
      return;
    }
    for (int i = 0; i < points; i++) {
      double line = alpha + beta * rows[i];
      nanos[i] = (nanos[i] * weight[i] + line * LINE_WEIGHT) / (weight[i] + LINE_WEIGHT);
    }
  }

  /** Pools neighbours that fall into their common average. */
  private void makeMonotone() {
    for (int i = 1; i < points; i++) {
      int first = i;
      double sum = nanos[i] * weight[i];
      double sumWeight = weight[i];
      while (first > 0 && nanos[first - 1] > sum / sumWeight) {
        first--;
        sum += nanos[first] * weight[first];
        sumWeight += weight[first];
      }
      for (int k = first; k <= i && first < i; k++) {
        nanos[k] = sum / sumWeight;
      }
    }
  }

  /** Times at each size class, up to the one behind the largest size seen. */
  private double[] table(double speed) {
    int length = Math.min(Sizes.COUNT, Sizes.indexOf((int) Math.ceil(rows[points - 1])) + 2);
    double[] table = new double[length];
    int next = 0;
    for (int i = 0; i < length; i++) {
      double at = Sizes.rowsOf(i);
      while (next < points && rows[next] < at) {
        next++;
      }
      table[i] = Math.max(1, speed * valueAt(at, next));
      if (i > 0 && table[i] < table[i - 1]) {
        table[i] = table[i - 1];
      }
    }
    return table;
  }

  /**
   * @param next the first point at or behind {@code at}
   */
  private double valueAt(double at, int next) {
    if (next == 0) {
      boolean seen = rows[0] <= at;
      return seen || points < 2 ? nanos[0] : Math.min(nanos[0], alpha + beta * at);
    }
    double rowsBefore = rows[next - 1];
    double nanosBefore = nanos[next - 1];
    if (next == points) {
      double slope = points < 3 ? nanosBefore / rowsBefore : Math.max(beta, 0);
      return nanosBefore + slope * (at - rowsBefore);
    }
    double share = (at - rowsBefore) / (rows[next] - rowsBefore);
    return nanosBefore + (nanos[next] - nanosBefore) * share;
  }
}
