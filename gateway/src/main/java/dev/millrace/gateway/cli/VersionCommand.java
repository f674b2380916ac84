// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** {@code millrace version}. */
@Command(name = "version", description = "Shows the version of Millrace and what it runs on.")
final class VersionCommand implements Callable<Integer> {
  // Maven puts it into the jar
  private static final String PROPERTIES =
      "/META-INF/maven/dev.millrace/millrace-gateway/pom.properties";

  /** For {@code --version}. */
  static final class Provider implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {text()};
    }
  }

  private final Shell shell;

  VersionCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    shell.out().println(text());
    return 0;
  }

  static String text() {
    return "millrace %s (Java %s, %s %s)"
        .formatted(
            version(),
            System.getProperty("java.version"),
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
  }

  private static String version() {
    Properties properties = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream(PROPERTIES)) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      // the version is not worth failing for
    }
    return properties.getProperty("version", "development");
  }
}
