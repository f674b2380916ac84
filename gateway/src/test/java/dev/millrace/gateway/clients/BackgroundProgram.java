// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server of others that runs until it is closed, with all that it started. */
public final class BackgroundProgram implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);

  private final Process process;

  /**
   * Starts it, and returns when it listens.
   *
   * @param log where its output goes
   */
  static BackgroundProgram start(
      List<String> command, Map<String, String> environment, int port, Path log)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    BackgroundProgram program = new BackgroundProgram(builder.start());
    try {
      await()
          .atMost(START)
          .until(
              () -> {
                if (!program.process.isAlive()) {
                  throw new AssertionError(command + " ended:\n" + Files.readString(log));
                }
                return isListening(port);
              });
      return program;
    } catch (RuntimeException | Error e) {
      program.close();
      throw e;
    }
  }

  private BackgroundProgram(Process process) {
    this.process = process;
  }

  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends it, and waits for that. */
  @Override
  public void close() {
    List<ProcessHandle> started = process.descendants().toList();
    started.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
