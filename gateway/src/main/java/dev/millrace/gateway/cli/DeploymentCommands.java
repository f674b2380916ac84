// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.DeleteDeploymentRequest;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.ListDeploymentsRequest;
import dev.millrace.proto.admin.v1.PromoteDeploymentRequest;
import dev.millrace.proto.admin.v1.RollBackDeploymentRequest;
import dev.millrace.proto.admin.v1.Rollout;
import dev.millrace.proto.admin.v1.ScaleDeploymentRequest;
import dev.millrace.proto.admin.v1.VersionStatus;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
      try (AdminClient client = admin.connect(shell.environment())) {
        return run(client);
      }
    }

    abstract int run(AdminClient client) throws IOException, InterruptedException;
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
    int run(AdminClient client) throws IOException {
      String text =
          file.equals("-")
              ? new String(shell.in().readAllBytes(), StandardCharsets.UTF_8)
              : Files.readString(Path.of(file));
      for (DeploymentSpec spec : DeploymentFile.read(file, text)) {
        ApplyDeploymentResponse applied =
            client
                .deployments()
                .applyDeployment(
                    ApplyDeploymentRequest.newBuilder()
                        .setSpec(spec)
                        .setDryRun(dryRun)
                        .setExpectedGeneration(generation)
                        .build());
        shell
            .out()
            .printf(
                "%s: %s, generation %d%n",
                spec.getName(),
                applied.getChangesCount() == 0 ? "unchanged" : dryRun ? "would change" : "applied",
                applied.getDeployment().getGeneration());
        applied.getChangesList().forEach(change -> shell.out().println("  " + change));
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
        description = "Only that one, in full.")
    private String name = "";

    @Option(names = "--json", description = "Print all there is to say, as JSON.")
    private boolean json;

    ListAll(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client) throws IOException {
      List<Deployment> deployments =
          name.isEmpty()
              ? client
                  .deployments()
                  .listDeployments(ListDeploymentsRequest.getDefaultInstance())
                  .getDeploymentsList()
              : List.of(get(client, name));
      if (json) {
        for (Deployment deployment : deployments) {
          shell.out().println(JsonFormat.printer().print(deployment));
        }
        return 0;
      }
      Table table = new Table("NAME", "MODEL", "VERSION", "READY", "SERVES", "ROLLOUT");
      for (Deployment deployment : deployments) {
        DeploymentSpec spec = deployment.getSpec();
        table.add(
            spec.getName(),
            spec.getModel(),
            wanted(spec),
            readiness(deployment),
            serves(deployment),
            rollout(deployment));
      }
      table.lines().forEach(shell.out()::println);
      if (!name.isEmpty()) {
        deployments.getFirst().getStatus().getShadowsList().stream()
            .map(ShadowText::line)
            .forEach(shell.out()::println);
      }
      return 0;
    }
  }

  private static Deployment get(AdminClient client, String name) {
    return client
        .deployments()
        .getDeployment(GetDeploymentRequest.newBuilder().setName(name).build());
  }

  private static String wanted(DeploymentSpec spec) {
    return spec.getTrafficCount() == 0
        ? spec.getVersion()
        : spec.getTrafficList().stream()
            .map(share -> share.getVersion() + ": " + share.getWeight() + " %")
            .collect(Collectors.joining(", "));
  }

  private static boolean holds(Deployment deployment, String type) {
    return deployment.getStatus().getConditionsList().stream()
        .anyMatch(condition -> condition.getType().equals(type) && condition.getStatus());
  }

  private static String reason(Deployment deployment) {
    return deployment.getStatus().getConditionsList().stream()
        .filter(condition -> condition.getType().equals("Failed"))
        .map(Condition::getReason)
        .collect(Collectors.joining());
  }

  private static String readiness(Deployment deployment) {
    return holds(deployment, "Ready")
        ? "yes"
        : holds(deployment, "Failed") ? "no: " + reason(deployment) : "not yet";
  }

  private static String serves(Deployment deployment) {
    return deployment.getStatus().getVersionsList().stream()
        .filter(version -> version.getReplicas() > 0)
        .map(DeploymentCommands::text)
        .collect(Collectors.joining(", "));
  }

  private static String text(VersionStatus version) {
    return "%d: %d %%, %d replica%s"
        .formatted(
            version.getVersion(),
            version.getWeight(),
            version.getReplicas(),
            version.getReplicas() == 1 ? "" : "s");
  }

  private static String rollout(Deployment deployment) {
    if (!deployment.getStatus().hasRollout()) {
      return "-";
    }
    Rollout rollout = deployment.getStatus().getRollout();
    String step =
        rollout.getPhase().equals("BAKING")
            ? ", step %d of %d".formatted(rollout.getStep() + 1, rollout.getSteps())
            : "";
    return "%s → %s: %s%s"
        .formatted(rollout.getFromList(), rollout.getToList(), rollout.getPhase(), step);
  }

  @Command(
      name = "wait",
      description = "Waits until what is declared is what serves; ends with 1 if it is given up.")
  private static final class Wait extends AdminCommand {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

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
    int run(AdminClient client) throws InterruptedException {
      long end = System.nanoTime() + Duration.ofSeconds(timeoutSeconds).toNanos();
      while (true) {
        Deployment now = get(client, name);
        if (holds(now, "Ready")) {
          shell.out().printf("%s: ready, %s%n", name, serves(now));
          return 0;
        }
        if (holds(now, "Failed") && !holds(now, "Progressing")) {
          shell.err().printf("%s: %s%n", name, reason(now));
          return Failures.FAILED;
        }
        if (System.nanoTime() > end) {
          shell.err().printf("%s: not ready after %d s (%s)%n", name, timeoutSeconds, rollout(now));
          return Failures.FAILED;
        }
        Thread.sleep(LOOK_AGAIN);
      }
    }
  }

  @Command(name = "scale", description = "Changes the replicas of a deployment, without a reload.")
  private static final class Scale extends AdminCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = NAME)
    private String name = "";

    @Option(
        names = "--replicas",
        required = true,
        paramLabel = "N",
        description = "Of each of its versions, 1 to 64.")
    private int replicas;

    Scale(Shell shell) {
      super(shell);
    }

    @Override
    int run(AdminClient client) {
      Deployment scaled =
          client
              .deployments()
              .scaleDeployment(
                  ScaleDeploymentRequest.newBuilder().setName(name).setReplicas(replicas).build());
      shell.out().printf("%s: %s%n", name, serves(scaled));
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
    int run(AdminClient client) {
      Deployment now =
          client
              .deployments()
              .promoteDeployment(PromoteDeploymentRequest.newBuilder().setName(name).build());
      shell.out().printf("%s: %s%n", name, rollout(now));
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
    int run(AdminClient client) {
      Deployment now =
          client
              .deployments()
              .rollBackDeployment(RollBackDeploymentRequest.newBuilder().setName(name).build());
      shell.out().printf("%s: %s%n", name, rollout(now));
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
    int run(AdminClient client) {
      client
          .deployments()
          .deleteDeployment(DeleteDeploymentRequest.newBuilder().setName(name).build());
      shell.out().printf("%s is not deployed any more%n", name);
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
    int run(AdminClient client) {
      Iterator<Event> events =
          client
              .events()
              .watchEvents(
                  WatchEventsRequest.newBuilder().setSubject(name).setFollow(follow).build());
      events.forEachRemaining(event -> shell.out().println(line(event)));
      return 0;
    }

    private static String line(Event event) {
      String change =
          event.getOldValue().isEmpty()
              ? event.getNewValue()
              : event.getOldValue() + " → " + event.getNewValue();
      String failure = event.getFailure().isEmpty() ? "" : " (" + event.getFailure() + ")";
      return "%s  %s  %s  %s%s  by %s"
          .formatted(
              Timestamps.toString(event.getTime()),
              event.getSubject(),
              event.getKind(),
              change,
              failure,
              event.getActor());
    }
  }
}
