// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.ConfigKey;
import java.time.Duration;
import picocli.CommandLine.Option;

/** Which gateway a client command talks to. */
final class ServerOptions {
  static final String DEFAULT_SERVER = "127.0.0.1:8001";

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      defaultValue = DEFAULT_SERVER,
      description = "The gateway to ask, ${DEFAULT-VALUE} unless given.")
  private String server = DEFAULT_SERVER;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait for an answer, ${DEFAULT-VALUE} s unless given.")
  private int timeoutSeconds = 30;

  InferenceClient connect() {
    return new InferenceClient(target(server), Duration.ofSeconds(timeoutSeconds));
  }

  /** The server with its port; gRPC itself would add port 80. */
  static String target(String server) {
    return target(server, ConfigKey.GRPC_PORT);
  }

  /** The server with its port, or the usual one. */
  static String target(String server, ConfigKey<Integer> port) {
    boolean hasPort = server.matches(".*[^:]:\\d+") || server.matches("\\[.*]:\\d+");
    return hasPort || server.contains("/")
        ? server
        : server + ":" + port.defaultText().replace("`", "");
  }
}
