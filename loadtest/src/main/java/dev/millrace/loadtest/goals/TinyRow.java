// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.goals.RowResult.RateLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Row 1: the tiny model against bare gRPC. */
final class TinyRow implements RowProgram {
  private static final Optional<Goal> GOAL = Optional.of(Goal.atLeast(1.05));

  private final Stage stage;
  private final TinyMlp tiny;

  TinyRow(Stage stage, TinyMlp tiny) {
    this.stage = stage;
    this.tiny = tiny;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Duel full = tiny.atFullLoad();
    Duel half = Duel.againstBareGrpc(stage, "tiny_mlp 8 × 16", tiny.workload(), Load.HALF);
    List<Figure> figures = new ArrayList<>(half.figures(GOAL));
    figures.addAll(full.figures(GOAL));
    List<RateLine> rates = new ArrayList<>(half.rates());
    rates.addAll(full.rates());
    List<String> concerns = new ArrayList<>(half.concerns());
    concerns.addAll(full.concerns());
    return new RowResult(1, "tiny MLP against bare gRPC", figures, rates, concerns);
  }
}
