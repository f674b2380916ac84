// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Observer;
import java.io.PrintWriter;

/**
 * Shows how a bench proceeds: on a terminal a line that is written over once a second, elsewhere
 * only what is worth a line of its own.
 */
public final class ProgressLine implements Observer {
  // to the beginning of the line, and all of it erased
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final boolean isTerminal;
  private String phase = "";

  public ProgressLine(PrintWriter err, boolean isTerminal) {
    this.err = err;
    this.isTerminal = isTerminal;
  }

  @Override
  public void phase(String name) {
    phase = name;
    show(name);
  }

  @Override
  public void window(double seconds, Measurement measurement) {
    show(
        "%s  %.0f s  %s  p50 %s  p99 %s%s"
            .formatted(
                phase,
                seconds,
                Units.rate(measurement.rate()),
                Units.time(measurement.latency().getValueAtPercentile(50)),
                Units.time(measurement.latency().getValueAtPercentile(99)),
                measurement.failed() == 0 ? "" : "  failed " + Units.count(measurement.failed())));
  }

  @Override
  public void note(String line) {
    show("");
    err.println(line);
  }

  private void show(String line) {
    if (isTerminal) {
      err.print(ERASE + line);
      err.flush();
    }
  }
}
