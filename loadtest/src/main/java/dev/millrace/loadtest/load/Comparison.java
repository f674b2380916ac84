// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Two servers under the same load, by turns, so that whatever else the machine does meets both.
 *
 * @param a what the first one did, round by round
 * @param b what the second one did; a round less if the user ended between
 */
public record Comparison(List<Measurement> a, List<Measurement> b) {
  public Comparison {
    a = List.copyOf(a);
    b = List.copyOf(b);
  }

  /** The middle and the ends of some ratios. */
  public record Spread(double median, double min, double max) {
    /** Of some values, at least one. */
    public static Spread of(double[] values) {
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      int middle = sorted.length / 2;
      return new Spread(
          sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
          sorted[0],
          sorted[sorted.length - 1]);
    }
  }

  /** Rounds in which both were measured. */
  public int rounds() {
    return Math.min(a.size(), b.size());
  }

  /** The middle of a figure of several rounds; expects a round. */
  public static double median(List<Measurement> rounds, ToDoubleFunction<Measurement> figure) {
    return Spread.of(rounds.stream().mapToDouble(figure).toArray()).median();
  }

  /** The first server's figure over the second's, round by round; expects a round. */
  public Spread ratio(ToDoubleFunction<Measurement> figure) {
    double[] ratios = new double[rounds()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = figure.applyAsDouble(a.get(i)) / figure.applyAsDouble(b.get(i));
    }
    return Spread.of(ratios);
  }

  /**
   * Warms both up and measures them by turns.
   *
   * @param nanos length of each measurement
   */
  public static Comparison run(
      LoadedServer a,
      LoadedServer b,
      LoadShape shape,
      WarmUp warmUp,
      int rounds,
      long nanos,
      Stop stop,
      Observer observer)
      throws InterruptedException {
    List<Measurement> ofA = new ArrayList<>();
    List<Measurement> ofB = new ArrayList<>();
    observer.phase("A, warm-up");
    a.warmUp(shape, warmUp);
    if (!stop.isAsked()) {
      observer.phase("B, warm-up");
      b.warmUp(shape, warmUp);
    }
    for (int round = 1; round <= rounds && !stop.isAsked(); round++) {
      observer.phase("A, round " + round);
      ofA.add(a.measure(shape, nanos).total());
      if (!stop.isAsked()) {
        observer.phase("B, round " + round);
        ofB.add(b.measure(shape, nanos).total());
      }
    }
    return new Comparison(ofA, ofB);
  }
}
