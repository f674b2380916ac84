// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.SimulatedServer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadException;
import dev.millrace.loadtest.workload.WorkloadSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Servers that know every model but one, and are as fast as they are told. */
final class FakeServers implements Servers {
  private final Supplier<LoadedServer> server;
  private final List<LoadOptions> connected = new ArrayList<>();
  private final List<Workload> sent = new ArrayList<>();

  FakeServers() {
    this(() -> new SimulatedServer(1000));
  }

  FakeServers(Supplier<LoadedServer> server) {
    this.server = server;
  }

  /** How they were connected to. */
  List<LoadOptions> connected() {
    return connected;
  }

  /** What was to be sent over each of the connections. */
  List<Workload> sent() {
    return sent;
  }

  @Override
  public Workload workload(Target target, WorkloadSpec spec) throws IOException {
    target.resolve();
    String model = spec.models().getFirst().model();
    if (model.equals("unknown")) {
      throw new WorkloadException("model 'unknown': unknown to " + target);
    }
    return new Workload(List.of(new Variant(model, model, 1, new byte[0], 1)), AnswerCheck.NONE);
  }

  @Override
  public LoadedServer connect(
      LoadOptions options, Workload workload, Stop stop, Observer observer) {
    connected.add(options);
    sent.add(workload);
    return server.get();
  }
}
