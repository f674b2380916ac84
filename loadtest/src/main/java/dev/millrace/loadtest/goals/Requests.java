// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.loadtest.workload.DataSource;
import dev.millrace.loadtest.workload.ModelShare;
import dev.millrace.loadtest.workload.ShapeChoice;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import dev.millrace.loadtest.workload.Workloads;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.Optional;

/** Makes the requests of the rows: one row each, random data, answers to agree with the first. */
final class Requests {
  private static final long SEED = 1;

  private Requests() {}

  /**
   * Requests to some models in equal shares.
   *
   * @param shapes for inputs with open axes, as on the command line
   */
  static Workload of(Server gateway, List<String> models, String... shapes) {
    WorkloadSpec spec =
        new WorkloadSpec(
            models.stream().map(model -> new ModelShare(model, Optional.empty(), 1)).toList(),
            new DataSource.Random(),
            1,
            List.of(shapes).stream().flatMap(text -> ShapeChoice.parse(text).stream()).toList(),
            Optional.empty(),
            true,
            WorkloadSpec.DEFAULT_TOLERANCE,
            SEED);
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(gateway.address()).usePlaintext().build();
    try {
      return Workloads.build(channel, spec);
    } finally {
      channel.shutdownNow();
    }
  }

  /** The same bytes for another server, whose answers have to agree among themselves. */
  static Workload forAnother(Workload workload) {
    return new Workload(
        workload.variants(),
        AnswerCheck.agreement(workload.variants(), WorkloadSpec.DEFAULT_TOLERANCE));
  }
}
