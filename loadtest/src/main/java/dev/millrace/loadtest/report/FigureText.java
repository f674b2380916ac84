// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.goals.Figure;
import dev.millrace.loadtest.goals.Goal;
import dev.millrace.loadtest.goals.Unit;
import dev.millrace.loadtest.load.Comparison.Spread;
import java.util.Locale;

/** Figures and goals as people read them. */
final class FigureText {
  private FigureText() {}

  /** The median, and the ends if there were several rounds: {@code 1.12 (1.08..1.20)}. */
  static String measured(Figure figure) {
    Spread spread = figure.spread();
    String median = withUnit(spread.median(), figure.unit());
    return figure.values().size() == 1
        ? median
        : "%s (%s..%s)"
            .formatted(
                median, number(spread.min(), figure.unit()), number(spread.max(), figure.unit()));
  }

  static String goal(Figure figure) {
    return figure.goal().map(goal -> goal(goal, figure.unit())).orElse("");
  }

  private static String goal(Goal goal, Unit unit) {
    return sign(goal) + " " + withUnit(goal.value(), unit);
  }

  static String sign(Goal goal) {
    return switch (goal.kind()) {
      case AT_LEAST -> "≥";
      case AT_MOST -> "≤";
    };
  }

  static String met(Figure figure) {
    return figure.isMet().map(met -> met ? "yes" : "no").orElse("");
  }

  private static String withUnit(double value, Unit unit) {
    String number = number(value, unit);
    return switch (unit) {
      // a ratio says so by its name
      case RATIO, COUNT -> number;
      case PER_SECOND -> number + unit.symbol();
      case MICROS, SECONDS, BYTES, MEBIBYTES, PERCENT -> number + " " + unit.symbol();
    };
  }

  private static String number(double value, Unit unit) {
    return switch (unit) {
      case RATIO, SECONDS, MEBIBYTES, PERCENT -> String.format(Locale.ROOT, "%.2f", value);
      case MICROS, PER_SECOND, BYTES -> Units.number(value);
      case COUNT -> String.format(Locale.ROOT, "%,.0f", value);
    };
  }
}
