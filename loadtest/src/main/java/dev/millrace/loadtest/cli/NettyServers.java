// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Driver;
import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import dev.millrace.loadtest.workload.Workloads;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;

/** The way to servers over the network. */
final class NettyServers implements Servers {
  @Override
  public Workload workload(Target target, WorkloadSpec spec) throws IOException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(target.resolve()).usePlaintext().build();
    try {
      return Workloads.build(channel, spec);
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public LoadedServer connect(LoadOptions options, Workload workload, Stop stop, Observer observer)
      throws IOException, InterruptedException {
    return Driver.of(LoadGenerator.connect(options, workload), stop, observer);
  }
}
