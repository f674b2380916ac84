// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.Comparison.Spread;
import java.util.List;
import java.util.Optional;

/**
 * A number that was measured, once or in several rounds.
 *
 * @param values round by round, at least one
 * @param goal for the median; empty if the number is only stated
 */
public record Figure(String name, Unit unit, List<Double> values, Optional<Goal> goal) {
  public Figure {
    values = List.copyOf(values);
    if (values.isEmpty()) {
      throw new IllegalArgumentException("'%s': no values (expected at least one)".formatted(name));
    }
  }

  static Figure of(String name, Unit unit, List<Double> values, Goal goal) {
    return new Figure(name, unit, values, Optional.of(goal));
  }

  static Figure stated(String name, Unit unit, List<Double> values) {
    return new Figure(name, unit, values, Optional.empty());
  }

  static Figure stated(String name, Unit unit, double value) {
    return stated(name, unit, List.of(value));
  }

  public Spread spread() {
    return Spread.of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Whether the median meets the goal; empty if there is none. */
  public Optional<Boolean> isMet() {
    return goal.map(limit -> limit.isMetBy(spread().median()));
  }
}
