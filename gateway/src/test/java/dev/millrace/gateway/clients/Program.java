// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A program that is run to its end, within a time. */
final class Program {
  private final String file;
  private final Duration timeout;
  private final Map<String, String> environment;

  Program(String file, Duration timeout, Map<String, String> environment) {
    this.file = file;
    this.timeout = timeout;
    this.environment = environment;
  }

  /** What it wrote on standard output; if it ends with another code than 0, an error with all. */
  String run(List<String> arguments) throws IOException, InterruptedException {
    Path output = Files.createTempFile("millrace-client", ".out");
    Path errors = Files.createTempFile("millrace-client", ".err");
    try {
      Process process = builder(arguments, output, errors).start();
      String end = end(process);
      String written = Files.readString(output, UTF_8);
      if (!end.equals("exit code 0")) {
        throw new AssertionError(
            "%s: %s%n%s%n%s"
                .formatted(
                    command(arguments), end, tail(written), tail(Files.readString(errors, UTF_8))));
      }
      return written;
    } finally {
      Files.delete(output);
      Files.delete(errors);
    }
  }

  String run(String... arguments) throws IOException, InterruptedException {
    return run(List.of(arguments));
  }

  /** The same, or empty if there is no such program or it does not end well. */
  Optional<String> tryRun(String... arguments) throws InterruptedException {
    try {
      return Optional.of(run(arguments));
    } catch (IOException | AssertionError e) {
      return Optional.empty();
    }
  }

  private ProcessBuilder builder(List<String> arguments, Path output, Path errors) {
    ProcessBuilder builder =
        new ProcessBuilder(command(arguments))
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile());
    builder.environment().putAll(environment);
    return builder;
  }

  private List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>(arguments);
    command.addFirst(file);
    return command;
  }

  private String end(Process process) throws InterruptedException {
    try {
      return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)
          ? "exit code " + process.exitValue()
          : "not ended after " + timeout;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String tail(String text) {
    int enough = 10_000;
    return text.substring(Math.max(0, text.length() - enough));
  }
}
