// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.JsonText;
import dev.millrace.gateway.config.ConfigKey;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code millrace explain}: why a model's batches look as they do, as its gateway says. */
@Command(
    name = "explain",
    description = {
      "Says why the batches of a model look as they do now, and what would raise its throughput.",
      "",
      "Asks the HTTP port of a running gateway. What it says is about the last seconds; the table",
      "below it is what the gateway has learned of the time that batches take, for each size of a",
      "row (its elements, where shapes vary)."
    })
final class ExplainCommand implements Callable<Integer> {
  static final String DEFAULT_ADDRESS = "127.0.0.1:8000";

  private final Shell shell;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
  private String model = "";

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      defaultValue = DEFAULT_ADDRESS,
      description = "The gateway's HTTP port, ${DEFAULT-VALUE} unless given.")
  private String address = DEFAULT_ADDRESS;

  @Option(
      names = {"--version", "--model-version"},
      paramLabel = "N",
      description = "The model's version; else the latest.")
  private String version = "";

  @Option(names = "--json", description = "Print all that the gateway knows, as JSON.")
  private boolean json;

  ExplainCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    String target = ServerOptions.target(address, ConfigKey.HTTP_PORT);
    String answer = new SchedulingClient(target).ask(model, version);
    if (json) {
      shell.out().print(answer);
    } else {
      SchedulingText.lines(JsonText.parse(answer)).forEach(shell.out()::println);
    }
    return 0;
  }
}
