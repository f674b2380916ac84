// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.util.ArrayList;
import java.util.List;

/**
 * What was found for one row of the table.
 *
 * @param number of the row
 * @param work what was done, in words
 * @param figures those with goals first
 * @param rates of all that took turns, for a plot
 * @param notes what a reader should know, a line each
 */
public record RowResult(
    int number, String work, List<Figure> figures, List<RateLine> rates, List<String> notes) {
  public RowResult {
    figures = List.copyOf(figures);
    rates = List.copyOf(rates);
    notes = List.copyOf(notes);
  }

  /**
   * The rate of one of those that took turns.
   *
   * @param perSecond round by round
   */
  public record RateLine(String name, List<Double> perSecond) {
    public RateLine {
      perSecond = List.copyOf(perSecond);
    }
  }

  /** Figures that have a goal. */
  public List<Figure> withGoals() {
    return figures.stream().filter(figure -> figure.goal().isPresent()).toList();
  }

  RowResult with(List<String> furtherNotes) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(furtherNotes);
    return new RowResult(number, work, figures, rates, all);
  }
}
