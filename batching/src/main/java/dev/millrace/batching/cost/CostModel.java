// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What batches of a model cost: one {@link Curve} for each size of a row, since rows of different
 * shapes take different times. Sizes are told apart by quarters of a doubling, so there are few of
 * them however many shapes clients invent, and neighbours teach each other.
 *
 * <p>Replicas that share a device slow each other: what is shown is a batch's time with as many in
 * flight as there are to be ({@link #keepPace}), what is learned its time alone.
 *
 * <p>Learned by one thread at a time ({@link #observe}); curves can be read from any thread.
 */
public final class CostModel {
  private static final int STEPS = 4;
  private static final int BUCKETS = 64 * STEPS;

  /** Paces that differ by less are no reason to publish all curves anew. */
  private static final double SAME_PACE = 0.005;

  private final int maxRows;
  private final MachineSpeed speed = new MachineSpeed();
  private final CurveLearner[] learners = new CurveLearner[BUCKETS];
  private final AtomicReferenceArray<Curve> curves = new AtomicReferenceArray<>(BUCKETS);
  private final AtomicReferenceArray<Curve> alone = new AtomicReferenceArray<>(BUCKETS);
  private double pace = 1;
  private final PredictionError error = new PredictionError();

  /**
   * @param maxRows rows of a batch at most
   */
  public CostModel(int maxRows) {
    this.maxRows = maxRows;
    for (int i = 0; i < BUCKETS; i++) {
      curves.setPlain(i, Curve.UNKNOWN);
      alone.setPlain(i, Curve.UNKNOWN);
    }
  }

  /**
   * Where rows of that size are counted.
   *
   * @param rowSize any measure of a row that grows with its cost: its elements, say; at least 0
   */
  public static int bucketOf(long rowSize) {
    if (rowSize < STEPS) {
      return (int) Math.max(0, rowSize);
    }
    int octave = 63 - Long.numberOfLeadingZeros(rowSize);
    int quarter = (int) (rowSize >>> (octave - 2)) & (STEPS - 1);
    return (octave - 1) * STEPS + quarter;
  }

  /** The smallest row size of a bucket. */
  public static long rowSizeOf(int bucket) {
    if (bucket < STEPS) {
      return bucket;
    }
    int octave = bucket / STEPS + 1;
    return (long) (STEPS + bucket % STEPS) << (octave - 2);
  }

  /** The curve of a bucket as it is known now. Any thread. */
  public Curve curve(int bucket) {
    return curves.getAcquire(bucket);
  }

  /** The same with nothing else on the device. Any thread. */
  public Curve alone(int bucket) {
    return alone.getAcquire(bucket);
  }

  /**
   * From now on batches come so far beside each other, as a share of what each would alone; 1 for
   * replicas that are independent. By the thread that observes.
   */
  public void keepPace(double newPace) {
    if (Math.abs(newPace - pace) <= SAME_PACE * pace) {
      return;
    }
    pace = newPace;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      CurveLearner learner = learners[bucket];
      if (learner != null) {
        publish(bucket, learner.curve());
      }
    }
  }

  /** So many batches run at a time. By the thread that observes. */
  public void running(int replicas) {
    speed.running(replicas);
  }

  /**
   * Times alone are longer by a factor than was believed, and paces with them. By the thread that
   * observes.
   *
   * @param logRatio the factor's natural logarithm
   */
  public void correct(double logRatio) {
    speed.shift(logRatio);
  }

  private void publish(int bucket, Curve curve) {
    alone.setRelease(bucket, curve);
    curves.setRelease(bucket, curve.at(pace));
  }

  /**
   * A batch has run without failure.
   *
   * @param nanos from its start until its answers were ready, had nothing else been on the device
   */
  public void observe(int bucket, int rows, long nanos) {
    CurveLearner learner = learners[bucket];
    if (learner == null) {
      learner = new CurveLearner(speed, maxRows);
      learners[bucket] = learner;
    } else {
      error.add(learner.curve().mean(rows), nanos);
    }
    if (learner.observe(rows, nanos)) {
      publish(bucket, learner.curve());
    }
  }

  /** How well times were predicted. Written by the thread that observes. */
  public PredictionError error() {
    return error;
  }

  /** Buckets there are. */
  public static int buckets() {
    return BUCKETS;
  }
}
