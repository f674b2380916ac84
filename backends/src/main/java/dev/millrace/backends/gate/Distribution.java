// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

/**
 * How many values fell into which class.
 *
 * @param bounds upper ends of the classes, ascending, in the unit of the values
 * @param counts of values by class; one more than bounds, for what lies above them
 * @param sum of all values
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Distribution(double[] bounds, long[] counts, double sum) {
  public static final Distribution NONE = new Distribution(new double[0], new long[1], 0);

  public long total() {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    return total;
  }

  public double mean() {
    return total() == 0 ? 0 : sum / total();
  }

  /** The value below which such a share lies, by linear interpolation in its class; 0 for none. */
  public double quantile(double share) {
    double rank = share * total();
    long below = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0 && below + counts[i] >= rank) {
        return low(i) + (high(i) - low(i)) * (rank - below) / counts[i];
      }
      below += counts[i];
    }
    return 0;
  }

  /** How many were larger, likewise. */
  public double above(double value) {
    double above = 0;
    for (int i = counts.length - 1; i >= 0 && high(i) >= value; i--) {
      double width = high(i) - low(i);
      double share = width > 0 ? (high(i) - value) / width : 1;
      above += counts[i] * Math.min(share, 1);
    }
    return above;
  }

  /** These and others of the same classes. */
  public Distribution plus(Distribution other) {
    return combined(other, 1);
  }

  /** What has come since an earlier moment. */
  public Distribution since(Distribution earlier) {
    return combined(earlier, -1);
  }

  private Distribution combined(Distribution other, int sign) {
    if (other.bounds.length == 0) {
      return this;
    }
    double[] classes = bounds.length == 0 ? other.bounds : bounds;
    long[] combined = bounds.length == 0 ? new long[classes.length + 1] : counts.clone();
    for (int i = 0; i < combined.length; i++) {
      combined[i] += sign * other.counts[i];
    }
    return new Distribution(classes, combined, sum + sign * other.sum);
  }

  private double low(int index) {
    return index == 0 ? 0 : bounds[index - 1];
  }

  private double high(int index) {
    return index == bounds.length ? low(index) : bounds[index];
  }
}
