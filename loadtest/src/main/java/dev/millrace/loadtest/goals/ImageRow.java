// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Row 3: large messages, all of which the model reads, against bare gRPC. */
final class ImageRow implements RowProgram {
  private static final Optional<Goal> GOAL = Optional.of(Goal.atLeast(1.3));

  private final Stage stage;

  ImageRow(Stage stage) {
    this.stage = stage;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = Requests.of(stage.gateway(), List.of(BenchmarkModels.IMAGE));
    Duel duel = Duel.againstBareGrpc(stage, "image", workload, Load.LARGE_MESSAGES);
    return new RowResult(
        3,
        "images of 602,112 bytes against bare gRPC",
        duel.figures(GOAL),
        duel.rates(),
        duel.concerns());
  }
}
