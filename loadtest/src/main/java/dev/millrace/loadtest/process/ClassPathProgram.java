// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The gateway's program, from this process's own class path and JDK: where nothing is installed and
 * nothing can be built.
 */
public final class ClassPathProgram {
  private static final String MAIN = "dev.millrace.gateway.Main";
  private static final Pattern LISTENS = Pattern.compile("gRPC on 127\\.0\\.0\\.1:([0-9]+)");

  /** A GPU's first use takes a while, and so does a large model. */
  private static final long READY_SECONDS = 90;

  private final Children children;

  public ClassPathProgram(Children children) {
    this.children = children;
  }

  /** A gateway that is ready. */
  public record Gateway(Child child, InetSocketAddress address) implements AutoCloseable {
    @Override
    public void close() {
      child.close();
    }
  }

  /** Starts a gateway over a repository and waits until all of its models are ready. */
  public Gateway serve(String name, Path repository, List<String> flags)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "serve",
                "--repository",
                repository.toString(),
                "--grpc-port",
                "0",
                "--http-port",
                "-1"));
    arguments.addAll(flags);
    Child child = start(name, arguments);
    Matcher listens = child.await(LISTENS, READY_SECONDS);
    InetSocketAddress address = Server.address(Integer.parseInt(listens.group(1)));
    try {
      Readiness.await(address, READY_SECONDS);
    } catch (IOException e) {
      IOException told = child.failure(String.valueOf(e.getMessage()));
      child.close();
      throw told;
    }
    return new Gateway(child, address);
  }

  /** Starts one of its other commands. */
  public Child start(String name, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                MAIN));
    command.addAll(arguments);
    return children.start(
        name, command, Map.of("ORT_DISABLE_TELEMETRY", "1", "CUDA_DEVICE_ORDER", "PCI_BUS_ID"));
  }
}
