// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Stop;

/**
 * Where the JVM of the load tester enters: {@code millrace bench}, {@code baselines}, {@code
 * changes}, {@code simulate} and {@code gates}.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    // what libraries log is of no interest here, and neither is that SLF4J finds nobody to log it
    System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    System.exit(run(arguments, new NettyServers()));
  }

  static int run(String[] arguments, Servers servers) {
    CtrlC ctrlC = CtrlC.install(new Stop());
    try {
      return CommandLineInterface.commandLine(Shell.ofThisProcess(ctrlC), servers)
          .execute(arguments);
    } finally {
      ctrlC.finished();
    }
  }
}
