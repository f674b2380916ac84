// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import dev.millrace.backends.tensor.Shapes;
import java.util.Arrays;
import java.util.List;

/**
 * How an answer differs from the one that was returned.
 *
 * @param output the one that differs most, or that cannot be compared; empty for none
 * @param difference the largest between two elements; 0 if there is none, or no number for it
 * @param detail for people: what cannot be compared, and why; empty if all can
 */
public record Divergence(Kind kind, String output, double difference, String detail) {

  /** What came of a comparison. */
  public enum Kind {
    SAME,
    DIFFERING,
    /** Another type or shape, or an output or input that only one of the two has. */
    INCOMPARABLE,
    /** There is no second answer. */
    FAILED
  }

  private static final Divergence NONE = new Divergence(Kind.SAME, "", 0, "");

  /** The second version cannot be asked the same. */
  public static Divergence incomparable(String detail) {
    return new Divergence(Kind.INCOMPARABLE, "", 0, detail);
  }

  /** The second version gave no answer. */
  public static Divergence failed(String detail) {
    return new Divergence(Kind.FAILED, "", 0, detail);
  }

  /**
   * Compares answers output by output. What only the second one has does not matter.
   *
   * @param returned to the caller
   * @param second to the same request
   */
  public static Divergence between(
      List<AnsweredOutput> returned, List<AnsweredOutput> second, Tolerance tolerance) {
    Divergence worst = NONE;
    for (AnsweredOutput expected : returned) {
      Divergence found = ofOutput(expected, second, tolerance);
      if (found.kind == Kind.INCOMPARABLE) {
        return found;
      }
      // a difference below the tolerance is kept too, but one above it comes first
      boolean isWorse =
          found.kind == worst.kind
              ? found.difference > worst.difference
              : found.kind == Kind.DIFFERING;
      worst = isWorse ? found : worst;
    }
    return worst;
  }

  private static Divergence ofOutput(
      AnsweredOutput expected, List<AnsweredOutput> second, Tolerance tolerance) {
    String name = expected.name();
    for (AnsweredOutput given : second) {
      if (!given.name().equals(name)) {
        continue;
      }
      if (given.dataType() != expected.dataType()) {
        return incomparable(name, "datatype " + given.dataType(), expected.dataType().toString());
      }
      if (!Arrays.equals(given.shape(), expected.shape())) {
        return incomparable(
            name, "shape " + Shapes.format(given.shape()), Shapes.format(expected.shape()));
      }
      ElementComparison elements = new ElementComparison(expected.dataType(), tolerance);
      boolean same = elements.areSame(expected.data(), given.data());
      return new Divergence(
          same ? Kind.SAME : Kind.DIFFERING, name, elements.largestDifference(), "");
    }
    return incomparable(name, "missing", "one such output");
  }

  private static Divergence incomparable(String output, String found, String expected) {
    return new Divergence(
        Kind.INCOMPARABLE,
        output,
        0,
        "output '%s': %s (expected %s)".formatted(output, found, expected));
  }
}
