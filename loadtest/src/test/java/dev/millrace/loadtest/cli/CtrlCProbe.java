// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Observation;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Samples;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.load.WarmUp;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The load tester's process, measuring a server of which there is no end. */
final class CtrlCProbe {
  private CtrlCProbe() {}

  public static void main(String[] arguments) {
    System.exit(Main.run(new String[] {"bench", "127.0.0.1:1", "iris"}, new EndlessServers()));
  }

  private static final class EndlessServers implements Servers {
    @Override
    public Workload workload(Target target, WorkloadSpec spec) throws IOException {
      return new FakeServers().workload(target, spec);
    }

    @Override
    public LoadedServer connect(
        LoadOptions options, Workload workload, Stop stop, Observer observer) {
      return new EndlessServer(stop);
    }
  }

  private record EndlessServer(Stop stop) implements LoadedServer {
    @Override
    public void warmUp(LoadShape shape, WarmUp warmUp) {}

    @Override
    public Observation measure(LoadShape shape, long nanos) throws InterruptedException {
      System.out.println("measuring");
      stop.await(TimeUnit.MINUTES.toNanos(1));
      // some answers are still open
      Thread.sleep(200);
      return new Observation(Samples.ok(3, 300, 1_000_000), List.of());
    }

    @Override
    public void close() {}
  }
}
