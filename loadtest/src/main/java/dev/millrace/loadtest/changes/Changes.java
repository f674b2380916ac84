// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.backends.threads.CompilerWatch;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Children;
import dev.millrace.loadtest.process.Installation;
import dev.millrace.loadtest.process.Launcher;
import dev.millrace.loadtest.process.Pinning;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Starts a gateway over an empty data directory, and changes it under load. */
public final class Changes {
  private Changes() {}

  /**
   * Measures. The gateway has ended when it returns, and its files are gone.
   *
   * @throws IOException if this was not started by the launcher, or the gateway cannot be built
   */
  public static ChangesReport run(ChangesPlan plan, Stop stop, Observer observer)
      throws IOException, InterruptedException {
    Installation installation = Installation.ofThisProcess();
    observer.phase("looking whether the gateway is built");
    installation.prepare();
    Pinning pinning = Pinning.ofThisProcess();
    try (Children children = Children.create()) {
      // of this process: what they compile of the operator's code is no cost of a change
      CompilerWatch.start();
      // as users start it: what loads a version competes with what answers for any core
      pinning.placeLoadFor(Place.ANYWHERE);
      observer.phase("starting a gateway");
      Path folder = Files.createDirectories(children.folder().resolve("changes"));
      Launcher launcher = new Launcher(installation, pinning, children);
      try (Server server =
          launcher.emptyGateway("changed", Place.ANYWHERE, folder.resolve("data"))) {
        return ChangesRun.run(plan, server, folder, "gateway and load on any core", stop, observer);
      }
    } finally {
      observer.phase("");
    }
  }
}
