// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.admin.client.AdminClient;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which gateway an administering command talks to, as whom, and how it prints the answer. */
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

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = {
        "${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE} unless given. json is what the admin API",
        "answers, yaml the same."
      })
  private OutputFormat output = OutputFormat.TABLE;

  /** What a command does with a gateway; returns the exit code. */
  @FunctionalInterface
  interface Task {
    int run(AdminClient client, AnswerPrinter answers) throws IOException, InterruptedException;
  }

  /** Connects, runs the task and disconnects. */
  int run(Shell shell, Task task) throws IOException, InterruptedException {
    ManagedChannel channel =
        Grpc.newChannelBuilder(ServerOptions.target(server), InsecureChannelCredentials.create())
            .build();
    try {
      return task.run(client(channel, shell.environment()), new AnswerPrinter(output, shell.out()));
    } finally {
      channel.shutdownNow();
    }
  }

  private AdminClient client(ManagedChannel channel, Map<String, String> environment)
      throws IOException {
    String token =
        tokenFile == null
            ? environment.getOrDefault(TOKEN_VARIABLE, "")
            : Files.readString(tokenFile).strip();
    String user = environment.getOrDefault("USER", "");
    AdminClient client = new AdminClient(channel);
    client = user.isEmpty() ? client : client.withActor(user);
    return token.isEmpty() ? client : client.withToken(token);
  }
}
