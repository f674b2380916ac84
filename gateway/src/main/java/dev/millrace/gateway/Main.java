// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import dev.millrace.gateway.cli.CommandLineInterface;

/** Where the JVM enters; everything else is in {@code gateway.cli}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(CommandLineInterface.run(arguments));
  }
}
