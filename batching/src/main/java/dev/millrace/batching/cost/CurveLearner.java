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
 * and other sizes are tried again after 16 batches, 64, 256, and from then on every 512: two, four
 * or eight times the cap and, where batches of the cap run all the time, so that smaller ones never
 * do, a half or a quarter of it. A first impression may have been wrong (a program that is still
 * being compiled is slow), and models move to other machines. What a size took before says nothing
 * then: it is learned anew, beside the cap.
 *
 * <p><b>A trial</b> ends as soon as chance does not explain that a size is better, or worse, than
 * the best; after {@value #RUNS} runs at the latest, or when so few rows wait that it does not come
 * to be.
 *
 * <p>Owned by one thread at a time.
 */
final class CurveLearner {
  /**
   * Time per row of the size that is tried, over that of the cap, beyond which it and still larger
   * ones are not worth a trial. Above 1: gains of a few percent at each doubling add up, and noise
   * hides them.
   */
  private static final double HOPELESS = 1.03;

  /** Of the best time per row, what the cap may miss at least: more costs capacity. */
  private static final double CAP_TOLERANCE = 0.002;

  /** Samples that weigh in an average at least: older ones are forgotten. */
  private static final int MEMORY = 64;

  /** Sizes below do not tell: engines work in fours and eights. */
  private static final int ALWAYS_TRIED = 8;

  /** What is tried again, in turn, in doublings of the cap. */
  private static final int[] OTHERS = {1, 2, -1, 3, -2};

  /** The same where single rows do as well: 2, 4 and 8, which is where batches begin to pay. */
  private static final int OTHERS_OF_NOTHING = 3;

  /** Runs of a size before it is judged. */
  private static final int TRIALS = 3;

  /** Runs after which a size is judged by what it took on average. */
  private static final int RUNS = 16;

  /** Standard errors that chance explains. */
  private static final double CHANCE = 1.5;

  /** Beyond, variation is pauses, of which averages take little notice. */
  private static final double MOST_VARIATION = 0.15;

  private static final int NONE = -1;

  /** Counted no further: at ten thousand batches a second an int overflows within days. */
  private static final int MANY = 1 << 30;

  private static final int FIRST_PAUSE = 16;
  private static final int LAST_PAUSE = 512;

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

  /**
   * The size that is tried. Larger than the cap, or {@link #smaller}, it is the most to be taken.
   */
  private int frontier = 1;

  /** Whether that is less than the cap: then no more may be taken. */
  private boolean smaller;

  private boolean settled;

  /** Other sizes that were tried, after the first growth. */
  private int retrials;

  /** The size that is learned anew from its next run on. */
  private int renewed = NONE;

  /**
   * Batches during this trial that were of another size; while it is the first, only those of more
   * than the cap: a queue that is seldom long ends nothing.
   */
  private int inVain;

  /** Batches from one trial to the next, how many are left of them, and how many were full. */
  private int pause = FIRST_PAUSE;

  private int untilTrial;
  private int full;

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
    if (size == renewed) {
      samples[size] = 0;
      renewed = NONE;
    }
    if (samples[size] == 0) {
      rowsMean[size] = rows;
      nanosMean[size] = atReference;
      trials[2 * size] = atReference;
    } else {
      update(size, rows, atReference);
    }
    samples[size] = Math.min(samples[size] + 1, MANY);
    total = Math.min(total + 1, MANY);
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
      full += rows >= curve.cap() ? 1 : 0;
      if (--untilTrial <= 0) {
        tryAnother();
      }
      return;
    }
    if (retrials == 0 && rows > frontier) {
      frontier = Math.min(maxRows, rows); // requests of many rows: smaller batches never come
    }
    int size = Sizes.indexOf(frontier);
    if (Sizes.indexOf(rows) != size) {
      inVain += retrials > 0 || rows > curve.cap() ? 1 : 0;
      if (inVain > 2 * RUNS) {
        settle();
      }
      return;
    }
    if (samples[size] < TRIALS) {
      return;
    }
    double ratio = perRow(size) / perRow(Sizes.indexOf(curve.cap()));
    boolean enough = samples[size] >= RUNS;
    double chance =
        enough ? 0 : CHANCE * Math.min(variation(), MOST_VARIATION) / Math.sqrt(samples[size]);
    double bar = gainsNothing() ? 1 / CurveFit.NOTHING_GAINED : HOPELESS;
    boolean better = ratio * (1 + chance) <= (enough ? bar : Math.min(1, bar));
    if (frontier < ALWAYS_TRIED && retrials == 0) {
      grow();
    } else if (ratio * (1 - chance) > bar || (smaller && enough)) {
      settle();
    } else if (better && !smaller) {
      grow();
    }
  }

  /** Time per row of a size, at the reference speed. */
  private double perRow(int size) {
    return nanosMean[size] / rowsMean[size];
  }

  /** Whether single rows do as well as all that is known: a size has to be better to be tried. */
  private boolean gainsNothing() {
    return curve.cap() == 1 && curve.alpha() == 0;
  }

  private void grow() {
    if (frontier == maxRows) {
      settle();
      return;
    }
    frontier = Math.min(maxRows, 2 * frontier);
    renewed = retrials > 0 ? Sizes.indexOf(frontier) : NONE;
    inVain = 0;
    untilRebuild = 0;
  }

  private void settle() {
    settled = true;
    renewed = NONE;
    untilTrial = pause;
    full = 0;
    untilRebuild = 0;
  }

  /** Of a size that is not taken any more, what it takes now is to be found out. */
  private void tryAnother() {
    int cap = curve.cap();
    boolean saturated = 2 * full > pause;
    pause = Math.min(LAST_PAUSE, 4 * pause);
    int doublings =
        gainsNothing() ? 1 + retrials % OTHERS_OF_NOTHING : OTHERS[retrials % OTHERS.length];
    retrials++;
    if (doublings < 0 && (!saturated || cap >> -doublings == 0)) {
      doublings = -doublings;
    }
    smaller = doublings < 0;
    frontier = smaller ? cap >> -doublings : (int) Math.min(maxRows, (long) cap << doublings);
    if (Sizes.indexOf(frontier) == Sizes.indexOf(cap)) {
      settle();
      return;
    }
    settled = false;
    renewed = Sizes.indexOf(frontier);
    inVain = 0;
    untilRebuild = 0;
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
    if (settled) {
      return Math.min(maxRows, cap);
    }
    return Math.min(maxRows, smaller ? Math.min(cap, frontier) : Math.max(cap, frontier));
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
