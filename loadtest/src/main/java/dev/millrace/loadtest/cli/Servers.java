// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import java.io.IOException;

/** The way to servers. */
interface Servers {
  /**
   * Makes requests that a server understands.
   *
   * @throws dev.millrace.loadtest.workload.WorkloadException if it cannot be reached, does not know
   *     a model, or the data do not fit
   */
  Workload workload(Target target, WorkloadSpec spec) throws IOException;

  /** Connects to a server. */
  LoadedServer connect(LoadOptions options, Workload workload, Stop stop, Observer observer)
      throws IOException, InterruptedException;
}
