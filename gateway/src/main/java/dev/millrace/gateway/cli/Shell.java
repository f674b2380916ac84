// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.Environment;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command has around it.
 *
 * @param home the folder that the launcher lies in
 */
record Shell(
    InputStream in, PrintWriter out, PrintWriter err, Map<String, String> environment, Path home) {

  /** This process's own. */
  static Shell ofThisProcess() {
    return new Shell(
        new FileInputStream(FileDescriptor.in),
        writer(FileDescriptor.out),
        writer(FileDescriptor.err),
        Environment.ofThisProcess(),
        Path.of(System.getProperty("millrace.home", "")));
  }

  // UTF-8 whatever the locale says: in a container it says ASCII, and the terminal is not in there
  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
