// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * One axis of a chart: where values lie on it, and where its ticks are.
 *
 * @param label what it shows, with its unit unless the ticks say it
 * @param kind how values are spread
 * @param format of a tick
 */
public record Axis(String label, Kind kind, DoubleFunction<String> format) {
  /** How values are spread over an axis. */
  public enum Kind {
    /** Evenly, from 0. */
    LINEAR,
    /** By their logarithm. */
    LOG,
    /** Percentiles by their nines: as far from 99 to 99.9 as from 90 to 99. */
    NINES
  }

  // between ticks of an even axis
  private static final int INTERVALS = 5;

  public static Axis linear(String label, DoubleFunction<String> format) {
    return new Axis(label, Kind.LINEAR, format);
  }

  public static Axis log(String label, DoubleFunction<String> format) {
    return new Axis(label, Kind.LOG, format);
  }

  /** For values that are percentiles, 0 to below 100. */
  public static Axis nines(String label) {
    return new Axis(label, Kind.NINES, Axis::percentile);
  }

  /** The part of an axis that shows some values. */
  Range over(double min, double max) {
    return switch (kind) {
      case LINEAR -> linearOver(max);
      case LOG -> logOver(min, max);
      case NINES -> ninesOver(max);
    };
  }

  /**
   * A part of an axis.
   *
   * @param from the value at its beginning
   * @param to the value at its end
   * @param ticks within
   */
  record Range(Axis axis, double from, double to, List<Double> ticks) {
    /** Where a value lies, 0 at the beginning and 1 at the end. */
    double position(double value) {
      double low = axis.spread(from);
      double high = axis.spread(to);
      return Math.clamp((axis.spread(value) - low) / (high - low), 0, 1);
    }
  }

  private double spread(double value) {
    return switch (kind) {
      case LINEAR -> value;
      case LOG -> Math.log10(Math.max(value, Double.MIN_NORMAL));
      case NINES -> -Math.log10(1 - Math.min(value, 99.999_999) / 100);
    };
  }

  private Range linearOver(double max) {
    double top = max > 0 ? max : 1;
    double step = niceStep(top / INTERVALS);
    List<Double> ticks = new ArrayList<>();
    long last = (long) Math.ceil(top / step - 1e-9);
    for (long i = 0; i <= last; i++) {
      ticks.add(i * step);
    }
    return new Range(this, 0, ticks.getLast(), ticks);
  }

  /** The next of 1, 2, 5, 10, 20 and so on. */
  private static double niceStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    for (double digit : new double[] {1, 2, 5}) {
      if (digit * power >= atLeast * (1 - 1e-9)) {
        return digit * power;
      }
    }
    return 10 * power;
  }

  private Range logOver(double min, double max) {
    double low = min > 0 ? min : 1;
    double high = Math.max(max, low * 1.01);
    // a few decades have room for ticks between the powers of ten
    double[] digits = high / low < 1000 ? new double[] {1, 2, 5} : new double[] {1};
    List<Double> marks = new ArrayList<>();
    for (int e = (int) Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
      for (double digit : digits) {
        marks.add(digit * Math.pow(10, e));
      }
    }
    double from = marks.stream().filter(mark -> mark <= low).reduce((a, b) -> b).orElse(low);
    double to = marks.stream().filter(mark -> mark >= high).findFirst().orElse(high);
    List<Double> ticks = marks.stream().filter(mark -> mark >= from && mark <= to).toList();
    return new Range(this, from, to, ticks);
  }

  private Range ninesOver(double max) {
    List<Double> ticks = new ArrayList<>(List.of(0.0, 90.0));
    for (double rest = 1; 100 - rest <= max; rest /= 10) {
      ticks.add(100 - rest);
    }
    return new Range(this, 0, Math.max(max, 90), ticks);
  }

  private static String percentile(double value) {
    String text = String.format(Locale.ROOT, "%.6f", value);
    return text.replaceAll("\\.?0+$", "") + " %";
  }
}
