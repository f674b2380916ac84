// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.goals.RowResult.RateLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One row, measured on several models one after the other. */
final class OnEach implements RowProgram {
  /** The row on one of them. */
  record Part(String name, RowProgram program) {}

  private final List<Part> parts;

  OnEach(Part... parts) {
    this.parts = List.of(parts);
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    List<Figure> figures = new ArrayList<>();
    List<RateLine> rates = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    RowResult last = null;
    for (Part part : parts) {
      last = part.program().run();
      for (Figure figure : last.figures()) {
        figures.add(
            new Figure(
                part.name() + ": " + figure.name(), figure.unit(), figure.values(), figure.goal()));
      }
      rates.addAll(last.rates());
      last.notes().forEach(note -> notes.add(part.name() + ": " + note));
    }
    if (last == null) {
      throw new Ended();
    }
    return new RowResult(last.number(), last.work(), figures, rates, notes);
  }
}
