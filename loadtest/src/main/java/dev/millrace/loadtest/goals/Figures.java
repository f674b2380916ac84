// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.goals.RowResult.RateLine;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Figures that many rows have. */
final class Figures {
  private Figures() {}

  static Figure rate(String name, List<Turn> turns) {
    return stated(name + ": requests", Unit.PER_SECOND, turns, Turn::answerRate);
  }

  static Figure cpu(String name, List<Turn> turns) {
    return stated(name + ": CPU per request", Unit.MICROS, turns, Turn::cpuMicrosPerAnswer);
  }

  static Figure latency(String name, List<Turn> turns, double percentile) {
    return stated(
        "%s: p%.0f".formatted(name, percentile),
        Unit.MICROS,
        turns,
        turn -> turn.micros(percentile));
  }

  static Figure stated(String name, Unit unit, List<Turn> turns, ToDoubleFunction<Turn> figure) {
    return Figure.stated(name, unit, each(turns, figure));
  }

  static RateLine line(String name, List<Turn> turns) {
    return new RateLine(name, each(turns, Turn::answerRate));
  }

  private static List<Double> each(List<Turn> turns, ToDoubleFunction<Turn> figure) {
    return turns.stream().map(figure::applyAsDouble).toList();
  }
}
