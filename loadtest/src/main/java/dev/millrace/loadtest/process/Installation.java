// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The programs that can be started: the gateway by its launcher, and those of this program's own
 * class path.
 *
 * @param home folder of the installation, which holds the launcher
 * @param javaHome of the JDK that all of them run on
 * @param classPath of this program
 */
public record Installation(Path home, Path javaHome, String classPath) {
  /** Servers get a heap of the same size, so that collections are as frequent. */
  public static final String HEAP_FLAGS = "-Xms1g -Xmx1g";

  /** The same heap from beginning to end, as far as the system's memory goes. */
  static final String RESIDENT_HEAP_FLAGS = "-Xms512m -Xmx512m -XX:+AlwaysPreTouch";

  /** Where the launcher takes further flags from. */
  static final String JVM_FLAGS = "MILLRACE_JVM_FLAGS";

  // said of the gateway alone: where it lies, or a cache of its classes
  private static final List<String> OWN_FLAGS =
      List.of("-Dmillrace.", "-XX:AOT", "-XX:SharedArchiveFile", "-XX:+AOT", "-XX:-AOT");

  // a detector that samples buffers would only slow the baseline down
  private static final String NO_LEAK_DETECTION = "-Dio.netty.leakDetection.level=disabled";

  /**
   * The installation that this process runs from.
   *
   * @throws IOException if it was not started by the launcher
   */
  public static Installation ofThisProcess() throws IOException {
    String home = System.getProperty("millrace.home", "");
    if (!Files.isExecutable(Path.of(home, "millrace"))) {
      throw new IOException(
          "millrace.home: '%s' (expected the folder of the launcher; start this by ./millrace)"
              .formatted(home));
    }
    return new Installation(
        Path.of(home).toAbsolutePath(),
        Path.of(System.getProperty("java.home")),
        System.getProperty("java.class.path"));
  }

  List<String> launcher(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("millrace").toString());
    command.addAll(arguments);
    return command;
  }

  Map<String, String> environment() {
    return Map.of(
        "MILLRACE_HOME",
        home.toString(),
        "MILLRACE_JAVA_HOME",
        javaHome.toString(),
        JVM_FLAGS,
        HEAP_FLAGS,
        "ORT_DISABLE_TELEMETRY",
        "1");
  }

  /**
   * A program of this one's class path.
   *
   * @param gatewayFlags what the gateway's JVM runs with, which the program is to run with as well
   */
  List<String> program(List<String> gatewayFlags, Class<?> main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(javaHome.resolve("bin").resolve("java").toString());
    gatewayFlags.stream()
        .filter(flag -> OWN_FLAGS.stream().noneMatch(flag::startsWith))
        .forEach(command::add);
    command.add(NO_LEAK_DETECTION);
    // SLF4J would say that it has nobody to log to
    command.add("-Dslf4j.internal.verbosity=ERROR");
    command.add("-cp");
    command.add(classPath);
    command.add(main.getName());
    command.addAll(arguments);
    return command;
  }

  /** The version of a library, by its file on the class path. */
  public Optional<String> version(String library) {
    Matcher matcher =
        Pattern.compile(Pattern.quote("/" + library) + "-([0-9][0-9A-Za-z.]*)\\.jar")
            .matcher(classPath);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** Builds the gateway if it has to be: minutes that no server's start should take. */
  public void prepare() throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(launcher(List.of("version")))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment());
    int status = builder.start().waitFor();
    if (status != 0) {
      throw new IOException("millrace version ended with %d (expected 0)".formatted(status));
    }
  }
}
