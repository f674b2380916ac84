// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.EventCursor;
import dev.millrace.admin.client.Outcome;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.ListDeploymentsResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands that say what a gateway serves, and look at how far it has come. */
final class DeploymentCommands {
  private static final String NAME = "The deployment's name.";

  private DeploymentCommands() {}

  static List<Object> all(Shell shell) {
    return List.of(
        new Apply(shell),
        new ListAll(shell),
        new Wait(shell),
        new Scale(shell),
        new Promote(shell),
        new RollBack(shell),
        new Undeploy(shell),
        new Events(shell));
  }

  /** What all of them have. */
  private abstract static class AdminCommand implements Callable<Integer> {
    final Shell shell;

    @Mixin private final AdminOptions admin = new AdminOptions();

    AdminCommand(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
      return admin.run(shell, this::run);
    }

    abstract int run(AdminClient client, AnswerPrinter answers)
        throws IOException, InterruptedException;
  }

  @Command(
      name = "apply",
      description = {
        "Has deployments be as a file declares them, whether they are new or not.",
        "",
        "Prints what changes. Declaring the same again changes nothing."
      })
  private static final class Apply extends AdminCommand {
    @Option(
        names = {"-f", "--file"},
        required = true,
        paramLabel = "FILE",
        description = "YAML or JSON, one document for each deployment; - for standard input.")
    private String file = "-";

    @Option(names = "--dry-run", description = "Only print what would change.")
    private boolean dryRun;

    @Option(
        names = "--expect-generation",
        paramLabel = "N",
        defaultValue = "0",
        description = "Only if nobody has changed it since it was at this generation.")
    private long generation;

    Apply(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) throws IOException {
      String text =
          file.equals("-")
              ? new String(shell.in().readAllBytes(), StandardCharsets.UTF_8)
              : Files.readString(Path.of(file));
      for (DeploymentSpec spec : DeploymentFile.read(file, text)) {
        ApplyDeploymentResponse applied =
            client.apply(
                ApplyDeploymentRequest.newBuilder()
                    .setSpec(spec)
                    .setDryRun(dryRun)
                    .setExpectedGeneration(generation)
                    .build());
        answers.print(applied, () -> DeploymentText.changes(applied, dryRun));
      }
      return 0;
    }
  }

  @Command(name = "deployments", description = "Lists the deployments of a gateway.")
  private static final class ListAll extends AdminCommand {
    @Parameters(
        index = "0",
        paramLabel = "NAME",
        arity = "0..1",
        defaultValue = "",
        description = "Only that one.")
    private String name = "";

    ListAll(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      if (name.isEmpty()) {
        ListDeploymentsResponse all = client.allDeployments();
        answers.print(all, () -> DeploymentText.table(all.getDeploymentsList()));
      } else {
        Deployment one = client.deployment(name);
        answers.print(one, () -> DeploymentText.details(one));
      }
      return 0;
    }
  }

  @Command(
      name = "wait",
      description = "Waits until what is declared is what serves; ends with 1 if it is given up.")
  private static final class Wait extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    @Option(names = "--ready", description = "What to wait for; there is nothing else yet.")
    @SuppressWarnings("unused") // for people who read it
    private boolean ready;

    @Option(
        names = "--timeout",
        paramLabel = "SECONDS",
        defaultValue = "300",
        description = "How long, ${DEFAULT-VALUE} s unless given.")
    private int timeoutSeconds = 300;

    Wait(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) throws InterruptedException {
      Outcome outcome = client.awaitReady(name, Duration.ofSeconds(timeoutSeconds));
      Deployment now = outcome.deployment();
      String serves = "%s: ready, %s".formatted(name, DeploymentText.answers(now));
      answers.print(now, () -> outcome instanceof Outcome.Ready ? List.of(serves) : List.of());
      return switch (outcome) {
        case Outcome.Ready ready -> 0;
        case Outcome.RolledBack given -> fail(given.reason());
        case Outcome.TimedOut late ->
            fail("not ready after %d s (%s)".formatted(timeoutSeconds, progress(now)));
      };
    }

    private static String progress(Deployment now) {
      String awaited = DeploymentText.awaited(now);
      return DeploymentText.rollout(now) + (awaited.isEmpty() ? "" : "; " + awaited);
    }

    private int fail(String reason) {
      shell.err().printf("%s: %s%n", name, reason);
      return Failures.FAILED;
    }
  }

  @Command(
      name = "scale",
      description = {
        "Changes the replicas of a deployment, without a reload.",
        "",
        "A number holds whatever the load, and ends autoscaling; --max has them follow the load."
      })
  private static final class Scale extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    @ArgGroup(multiplicity = "1")
    private Amount amount = new Amount();

    /** One of the two. */
    private static final class Amount {
      @Option(
          names = "--replicas",
          required = true,
          paramLabel = "N",
          description = "Of each of its versions, 1 to 64.")
      private int replicas;

      @ArgGroup(exclusive = false)
      private @Nullable Bounds bounds;
    }

    /** What the load decides between. */
    private static final class Bounds {
      @Option(
          names = "--min",
          paramLabel = "N",
          defaultValue = "1",
          description =
              "As the load asks for, at least, ${DEFAULT-VALUE} unless given; 0 to unload what"
                  + " nobody calls.")
      private int min = 1;

      @Option(
          names = "--max",
          required = true,
          paramLabel = "N",
          description = "As the load asks for, at most, 1 to 64.")
      private int max;
    }

    Scale(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      String boundsBefore = DeploymentText.bounds(client.deployment(name).getSpec());
      Deployment scaled =
          amount.bounds == null
              ? client.scale(name, amount.replicas)
              : client.autoscale(name, amount.bounds.min, amount.bounds.max);
      answers.print(
          scaled,
          () -> {
            String serves = name + ": " + DeploymentText.answers(scaled);
            return boundsBefore.isEmpty() || amount.bounds != null
                ? List.of(serves)
                : List.of(serves, "autoscaling%s has ended".formatted(boundsBefore));
          });
      return 0;
    }
  }

  @Command(name = "promote", description = "Ends a rollout now, with the new version.")
  private static final class Promote extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    Promote(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      Deployment now = client.promote(name);
      answers.print(now, () -> List.of(name + ": " + DeploymentText.rollout(now)));
      return 0;
    }
  }

  @Command(name = "rollback", description = "Ends a rollout now, with the version before.")
  private static final class RollBack extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    RollBack(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      Deployment now = client.rollBack(name);
      answers.print(now, () -> List.of(name + ": " + DeploymentText.rollout(now)));
      return 0;
    }
  }

  @Command(name = "undeploy", description = "Takes a deployment down.")
  private static final class Undeploy extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    Undeploy(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      answers.print(client.undeploy(name), () -> List.of(name + " is not deployed any more"));
      return 0;
    }
  }

  @Command(name = "events", description = "Prints what was changed, by whom, and what came of it.")
  private static final class Events extends AdminCommand {
    @Parameters(
        index = "0",
        paramLabel = "NAME",
        arity = "0..1",
        defaultValue = "",
        description = "Only of that deployment or model.")
    private String name = "";

    @Option(names = "--follow", description = "Go on with those to come, until Ctrl-C.")
    private boolean follow;

    Events(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client, AnswerPrinter answers) {
      try (EventCursor events = follow ? client.followEvents(name) : client.events(name)) {
        events.forEachRemaining(
            event -> answers.printOneOfMany(event, () -> DeploymentText.line(event)));
      }
      return 0;
    }
  }
}
