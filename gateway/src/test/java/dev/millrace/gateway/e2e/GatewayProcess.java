// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import dev.millrace.gateway.Main;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A gateway in a process of its own, so that it can be killed. */
final class GatewayProcess implements AutoCloseable {
  private static final Pattern LISTENING = Pattern.compile("gRPC on (\\S+), HTTP on (\\S+)");

  private final Process process;
  private final String grpcAddress;
  private final String httpAddress;

  /** Over a folder of models. */
  static GatewayProcess over(Path repository) {
    return new GatewayProcess(
        ProcessBuilder.Redirect.DISCARD, List.of("--repository=" + repository));
  }

  /** With a folder for its {@code data}, its {@code staging} and its {@code gateway.log}. */
  static GatewayProcess keeping(Path folder) {
    return new GatewayProcess(
        ProcessBuilder.Redirect.appendTo(folder.resolve("gateway.log").toFile()),
        List.of(
            "--data-dir=" + folder.resolve("data"),
            "--set=staging_directory=" + folder.resolve("staging")));
  }

  /** Starts it; returns when it listens. */
  private GatewayProcess(ProcessBuilder.Redirect errors, List<String> flags) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--grpc-port=0",
                "--http-port=0"));
    command.addAll(flags);
    try {
      process = new ProcessBuilder(command).redirectError(errors).start();
      String line = String.valueOf(process.inputReader().readLine());
      Matcher listening = LISTENING.matcher(line);
      if (!listening.matches()) {
        process.destroyForcibly();
        throw new AssertionError("no gateway with " + flags + ": " + line);
      }
      grpcAddress = listening.group(1);
      httpAddress = listening.group(2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String grpcAddress() {
    return grpcAddress;
  }

  Exposition metrics() {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI metrics = URI.create("http://" + httpAddress + "/metrics");
      return Exposition.parse(
          http.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()).body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** As {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
