// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Stop;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * What a command has around it.
 *
 * @param isTerminal whether {@code err} is a terminal
 * @param stop what the user asks for with Ctrl-C
 * @param onMeasuring is called before the first measurement
 */
record Shell(
    PrintWriter out, PrintWriter err, boolean isTerminal, Stop stop, Runnable onMeasuring) {

  /** This process's own. */
  static Shell ofThisProcess(CtrlC ctrlC) {
    return new Shell(
        writer(FileDescriptor.out),
        writer(FileDescriptor.err),
        // the launcher looks: Java can only tell whether input and output are terminals, not errors
        Boolean.getBoolean("millrace.terminal"),
        ctrlC.stop(),
        ctrlC::measuring);
  }

  // UTF-8 whatever the locale says: in a container it says ASCII, and the terminal is not in there
  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
