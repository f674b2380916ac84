// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.admin.v1.ListModelsResponse;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.RegisteredModel;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code millrace registry}: versions of models in a gateway's own registry. */
@Command(
    name = "registry",
    description = {
      "Pushes versions of models into the registry of a running gateway, and looks after them.",
      "",
      "A version never changes once it is pushed. What is pushed is served once it is deployed:",
      "'millrace apply --help'."
    })
final class RegistryCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  private final Shell shell;

  RegistryCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return Failures.BAD_INPUT;
  }

  private static final String MODEL = "The model's name.";

  @Command(name = "push", description = "Pushes a model as a new version; prints its number.")
  Integer push(
      @Mixin AdminOptions admin,
      @Parameters(index = "0", paramLabel = "MODEL", description = MODEL) String model,
      @Parameters(
              index = "1",
              paramLabel = "FILE",
              description = "The ONNX file, or the folder of a model with external data.")
          Path file,
      @Option(
              names = "--model-version",
              paramLabel = "N",
              defaultValue = "0",
              description = "The version's number; else one more than the highest.")
          long version,
      @Option(names = "--alias", paramLabel = "NAME", description = "Have it mean this version.")
          List<String> aliases,
      @Option(
              names = "--metadata",
              paramLabel = "KEY=VALUE",
              description = "To be kept with the version; again for more.")
          Map<String, String> metadata,
      @Option(
              names = "--note",
              paramLabel = "TEXT",
              defaultValue = "",
              description = "Where it is from, say.")
          String note,
      @Option(
              names = "--warmup",
              paramLabel = "FILE",
              description = {
                "A request that the version has to answer before it serves, and again for more;",
                "'millrace infer --save-sample' writes them."
              })
          List<Path> samples)
      throws IOException, InterruptedException {
    Map<String, Path> files = VersionContent.of(file, samples == null ? List.of() : samples);
    PushHeader header =
        PushHeader.newBuilder()
            .setModel(model)
            .setVersion(version)
            .addAllAliases(aliases == null ? List.of() : aliases)
            .putAllMetadata(metadata == null ? Map.of() : metadata)
            .setNote(note)
            .build();
    return admin.run(
        shell,
        (client, answers) -> {
          RegisteredVersion pushed = client.push(header, files);
          String line =
              "%s version %d, SHA-256 %s"
                  .formatted(pushed.getModel(), pushed.getVersion(), pushed.getDigest());
          answers.print(pushed, () -> List.of(line));
          return 0;
        });
  }

  @Command(name = "list", description = "Lists models, their versions and aliases.")
  Integer list(@Mixin AdminOptions admin) throws IOException, InterruptedException {
    return admin.run(
        shell,
        (client, answers) -> {
          ListModelsResponse all = client.models();
          answers.print(all, () -> RegistryText.table(all.getModelsList()));
          return 0;
        });
  }

  @Command(name = "show", description = "Shows all that is kept of a model's versions.")
  Integer show(
      @Mixin AdminOptions admin,
      @Parameters(index = "0", paramLabel = "MODEL", description = MODEL) String name)
      throws IOException, InterruptedException {
    return admin.run(
        shell,
        (client, answers) -> {
          RegisteredModel model = client.model(name);
          answers.print(model, () -> RegistryText.all(model));
          return 0;
        });
  }

  @Command(name = "alias", description = "Has an alias mean a version from now on.")
  Integer alias(
      @Mixin AdminOptions admin,
      @Parameters(index = "0", paramLabel = "MODEL", description = MODEL) String model,
      @Parameters(index = "1", paramLabel = "ALIAS", description = "Without the @.") String alias,
      @Parameters(
              index = "2",
              paramLabel = "N",
              arity = "0..1",
              defaultValue = "0",
              description = "The version; none takes the alias away.")
          long version)
      throws IOException, InterruptedException {
    return admin.run(
        shell,
        (client, answers) -> {
          RegisteredModel now =
              version == 0
                  ? client.deleteAlias(model, alias)
                  : client.setAlias(model, alias, version);
          String left = now.getAliasesCount() == 0 ? "no aliases" : RegistryText.aliases(now);
          answers.print(now, () -> List.of(left));
          return 0;
        });
  }

  @Command(name = "rm", description = "Takes a version away that nothing means any more.")
  Integer remove(
      @Mixin AdminOptions admin,
      @Parameters(index = "0", paramLabel = "MODEL", description = MODEL) String model,
      @Parameters(index = "1", paramLabel = "N", description = "The version.") long version)
      throws IOException, InterruptedException {
    return admin.run(
        shell,
        (client, answers) -> {
          RegisteredModel left = client.deleteVersion(model, version);
          answers.print(left, () -> List.of(model + " version " + version + " is gone"));
          return 0;
        });
  }
}
