// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * Learns the {@link Curve} of one shape from the batches that run.
 *
 * <p>For each size class it keeps the average time, at the machine's speed when it was learned (see
 * {@link MachineSpeed}). Single long runs (pauses) count for the variation and hardly for the
 * average.
 *
 * <p><b>How large batches are found out.</b> What may be taken begins at one row and doubles, up to
 * 8 anyhow and then as long as a row takes no longer for it. Then the best size seen is the cap,
 * and twice, four or eight times as much is tried again after 16 batches, 64, 256, and from then on
 * every 1024: a first impression may have been wrong, and models move to other machines.
 *
 * <p>Owned by one thread at a time.
 */
final class CurveLearner {
  /**
   * Time per row of twice the batch, over the best so far, beyond which still larger ones are not
   * worth a trial. Above 1: gains of a few percent at each doubling add up, and noise hides them.
   */
  private static final double HOPELESS = 1.03;

  /** Of the best time per row, what the cap may miss at least: more costs capacity. */
  private static final double CAP_TOLERANCE = 0.002;

  /** Samples that weigh in an average at least: older ones are forgotten. */
  private static final int MEMORY = 64;

  /** Sizes below do not tell: engines work in fours and eights. */
  private static final int ALWAYS_TRIED = 8;

  /** What is tried again is twice the cap, next time four times, then eight times. */
  private static final int PROBE_OCTAVES = 3;

  /** Runs of a new largest size before it is judged. */
  private static final int TRIALS = 3;

  private static final int FIRST_PROBE = 16;
  private static final int LAST_PROBE = 1024;

  /** Rebuilding looks at each size; while little is known each batch changes much. */
  private static final int REBUILD_EVERY = 16;

  private static final int EAGER_REBUILDS = 64;

  private final MachineSpeed speed;
  private final int maxRows;
  private final double[] rowsMean = new double[Sizes.COUNT];
  private final double[] nanosMean = new double[Sizes.COUNT];
  private final int[] samples = new int[Sizes.COUNT];

  /** The first two runs of each size. */
  private final double[] trials = new double[2 * Sizes.COUNT];

  private int total;
  private double variance;

  private int frontier = 1;
  private boolean settled;
  private int probeGap = FIRST_PROBE;
  private int untilProbe;
  private int probes;

  private int untilRebuild;
  private Curve curve = Curve.UNKNOWN;

  /**
   * @param maxRows rows of a batch at most
   */
  CurveLearner(MachineSpeed speed, int maxRows) {
    this.speed = speed;
    this.maxRows = maxRows;
  }

  Curve curve() {
    return curve;
  }

  /**
   * A batch has run.
   *
   * @return whether the curve has changed
   */
  boolean observe(int rows, long nanos) {
    int size = Sizes.indexOf(rows);
    double atReference = Math.max(1, nanos) / speed.factor();
    if (samples[size] == 0) {
      rowsMean[size] = rows;
      nanosMean[size] = atReference;
      trials[2 * size] = atReference;
    } else {
      update(size, rows, atReference);
    }
    samples[size]++;
    total++;
    explore(rows);
    if (--untilRebuild > 0 && total > EAGER_REBUILDS) {
      return false;
    }
    untilRebuild = REBUILD_EVERY;
    curve = new CurveFit(rowsMean, nanosMean, samples).curve(speed.factor(), this);
    return true;
  }

  private void update(int size, int rows, double nanos) {
    int seen = samples[size];
    double weight = 1.0 / Math.min(seen + 1, MEMORY);
    double slope =
        curve.isKnown() ? curve.beta() / speed.factor() : nanosMean[size] / rowsMean[size];
    double expected =
        Math.max(nanosMean[size] / 2, nanosMean[size] + slope * (rows - rowsMean[size]));
    double ratio = Math.log(nanos / expected);
    double deviation = Math.sqrt(variance);
    double usual = Math.max(0.05, 2.5 * deviation);
    if (seen >= 4 && total >= 16 && speed.deviated(ratio, usual)) {
      untilRebuild = 0; // what is predicted is wrong until then
    }
    if (seen < TRIALS) {
      // an interrupted run is no outlier yet where there are three: of two the shorter, of three
      // the middle one, as if all had the rows of the first
      double alike = nanos * nanosMean[size] / expected;
      double first = trials[2 * size];
      nanosMean[size] =
          seen == 1 ? Math.min(first, alike) : middle(first, trials[2 * size + 1], alike);
      trials[2 * size + 1] = alike;
    } else {
      double believed = Math.clamp(ratio, -usual, usual);
      double moved = slope * (rows - rowsMean[size]) * weight;
      rowsMean[size] += (rows - rowsMean[size]) * weight;
      nanosMean[size] = (nanosMean[size] + moved) * Math.exp(believed * weight);
    }
    double counted = Math.min(Math.abs(ratio), 3 * Math.max(deviation, 0.1));
    variance += (counted * counted - variance) / Math.min(total, MEMORY);
  }

  private static double middle(double a, double b, double c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  private void explore(int rows) {
    if (settled) {
      if (--untilProbe <= 0) {
        settled = false;
        frontier = Math.min(maxRows, curve.cap() << (1 + probes++ % PROBE_OCTAVES));
        giveAnotherChance(Sizes.indexOf(frontier));
      }
      return;
    }
    int size = Sizes.indexOf(frontier);
    if (rows < frontier || samples[size] == 0 || samples[size] % TRIALS != 0) {
      return;
    }
    boolean worthIt = nanosMean[size] / rowsMean[size] <= HOPELESS * bestBelow(size);
    if (frontier < maxRows && (worthIt || frontier < ALWAYS_TRIED)) {
      frontier = Math.min(maxRows, 2 * frontier);
    } else {
      settled = true;
      untilProbe = probeGap;
      probeGap = Math.min(LAST_PROBE, probeGap * 4);
      untilRebuild = 0;
    }
  }

  /** What was seen of a size that is not taken any more says nothing against what is seen now. */
  private void giveAnotherChance(int size) {
    if (size > Sizes.indexOf(curve.cap())) {
      samples[size] = 0;
    }
  }

  /** Time per row of the best smaller size; infinite if there is none, so that growth goes on. */
  private double bestBelow(int size) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < size; i++) {
      if (samples[i] > 0) {
        best = Math.min(best, nanosMean[i] / rowsMean[i]);
      }
    }
    return best;
  }

  /**
   * The size at which throughput can be expected to be at its best: while nothing larger than the
   * cap has been seen to be no better, the largest there may be.
   */
  int promising(int cap) {
    return samples[Sizes.indexOf(Math.min(maxRows, 2 * cap))] > 0 ? cap : maxRows;
  }

  /** What may be taken, given the best size known. */
  int limit(int cap) {
    return Math.min(maxRows, settled ? cap : Math.max(cap, frontier));
  }

  int maxRows() {
    return maxRows;
  }

  double variation() {
    return Math.sqrt(variance);
  }

  int total() {
    return total;
  }

  /**
   * Times per row that are taken for equal: averages of noisy runs tell no finer differences, and
   * of equal sizes the smallest is the one to run.
   */
  double capTolerance() {
    return 1 + Math.max(CAP_TOLERANCE, 0.5 * variation() / Math.sqrt(Math.min(total, MEMORY)));
  }
}
