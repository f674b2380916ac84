// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Stop;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns a signal to end (SIGINT, SIGTERM) into a {@link Stop}, and holds the end of the process up
 * until the report is printed. The exit code is the signal's own, 130 after Ctrl-C.
 *
 * <p>A shutdown hook serves: what the process has to do is done when the hook returns, and the JVM
 * then exits as after any signal.
 */
final class CtrlC {
  // sending stops at once; answers that are open are waited for a few seconds
  private static final long MAX_WAIT_SECONDS = 15;

  private final Stop stop;
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean measuring;

  private CtrlC(Stop stop) {
    this.stop = stop;
  }

  static CtrlC install(Stop stop) {
    CtrlC ctrlC = new CtrlC(stop);
    Runtime.getRuntime().addShutdownHook(new Thread(ctrlC::onSignal, "ctrl-c"));
    return ctrlC;
  }

  Stop stop() {
    return stop;
  }

  /** From now on there is something to report; before, a signal ends the process at once. */
  void measuring() {
    measuring = true;
  }

  /** The report is printed, or there will be none. */
  void finished() {
    finished.countDown();
  }

  private void onSignal() {
    stop.ask();
    if (measuring) {
      try {
        finished.await(MAX_WAIT_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
