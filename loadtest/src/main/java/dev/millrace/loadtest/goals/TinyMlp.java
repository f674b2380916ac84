// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The tiny model against bare gRPC at full load, which several rows look at: measured once. */
final class TinyMlp {
  private final Stage stage;
  private Optional<Workload> workload = Optional.empty();
  private Optional<Duel> duel = Optional.empty();

  TinyMlp(Stage stage) {
    this.stage = stage;
  }

  /** Requests to it; their first answers are those of the warm gateway. */
  Workload workload() throws IOException, InterruptedException {
    if (workload.isEmpty()) {
      workload = Optional.of(Requests.of(stage.gateway(), List.of(BenchmarkModels.TINY)));
    }
    return workload.get();
  }

  Duel atFullLoad() throws IOException, InterruptedException, Ended {
    if (duel.isEmpty()) {
      duel = Optional.of(Duel.againstBareGrpc(stage, "tiny_mlp 8 × 32", workload(), Load.FULL));
    }
    return duel.get();
  }
}
