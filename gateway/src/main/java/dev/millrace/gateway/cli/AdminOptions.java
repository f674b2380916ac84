// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which gateway an administering command talks to, and as whom. */
final class AdminOptions {
  private static final String TOKEN_VARIABLE = "MILLRACE_ADMIN_TOKEN";

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      defaultValue = ServerOptions.DEFAULT_SERVER,
      description = "The gateway to ask, ${DEFAULT-VALUE} unless given.")
  private String server = ServerOptions.DEFAULT_SERVER;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the token for changes; else " + TOKEN_VARIABLE + " holds it.")
  private @Nullable Path tokenFile;

  /** No call takes longer, save those that send files or wait. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  AdminClient connect(Map<String, String> environment) throws IOException {
    String token = environment.getOrDefault(TOKEN_VARIABLE, "");
    if (tokenFile != null) {
      token = Files.readString(tokenFile).strip();
    }
    String user = environment.getOrDefault("USER", "");
    return new AdminClient(ServerOptions.target(server), token, user, PATIENCE);
  }
}
