// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import java.util.Locale;

/**
 * What came of many copies of requests.
 *
 * @param same answered as the version did whose answer was returned
 * @param differing answered otherwise, in at least one element
 * @param incomparable of another type or shape, or without an output or input of the other
 * @param failed not answered
 * @param dropped not run, since there was too much to do
 * @param largestDifference of all that were differing; 0 for none
 * @param output where that was, or what was incomparable first; empty if nothing was
 * @param example what was incomparable or failed last, in words; empty if nothing was
 */
public record Comparisons(
    long same,
    long differing,
    long incomparable,
    long failed,
    long dropped,
    double largestDifference,
    String output,
    String example) {
  public static final Comparisons NONE = new Comparisons(0, 0, 0, 0, 0, 0, "", "");

  /** Copies that were run, or could not be. */
  public long total() {
    return same + notSame();
  }

  /** Those of them that speak against the version. */
  public long notSame() {
    return differing + incomparable + failed;
  }

  /** These and others. */
  public Comparisons plus(Comparisons other) {
    boolean isLess = other.output.isEmpty() || largestDifference > other.largestDifference;
    return new Comparisons(
        same + other.same,
        differing + other.differing,
        incomparable + other.incomparable,
        failed + other.failed,
        dropped + other.dropped,
        Math.max(largestDifference, other.largestDifference),
        isLess ? output : other.output,
        other.example.isEmpty() ? example : other.example);
  }

  /** What has been added to those of an earlier time; what was seen is told all the same. */
  public Comparisons since(Comparisons earlier) {
    return new Comparisons(
        same - earlier.same,
        differing - earlier.differing,
        incomparable - earlier.incomparable,
        failed - earlier.failed,
        dropped - earlier.dropped,
        largestDifference,
        output,
        example);
  }

  /** What is worst about them: "output 'y', largest difference 0.5"; empty if nothing is. */
  public String worst() {
    if (differing > 0 && !output.isEmpty()) {
      return "output '%s', largest difference %s".formatted(output, show(largestDifference));
    }
    return example;
  }

  /** "120 compared, 3 differing, …, 5 dropped", and what is worst. */
  @Override
  public String toString() {
    String counts =
        "%d compared, %d differing, %d incomparable, %d failed, %d dropped"
            .formatted(same + differing + incomparable, differing, incomparable, failed, dropped);
    return worst().isEmpty() ? counts : counts + "; " + worst();
  }

  private static String show(double difference) {
    return String.format(Locale.ROOT, "%.4g", difference);
  }
}
