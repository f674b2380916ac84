// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse.ModelIndex;
import io.grpc.StatusRuntimeException;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code millrace models}: what a gateway serves, a line a version. */
@Command(name = "models", description = "Lists the models of a running gateway.")
final class ModelsCommand implements Callable<Integer> {
  private static final String UNKNOWN = "-";

  private final Shell shell;

  @Mixin private final ServerOptions server = new ServerOptions();

  ModelsCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    try (InferenceClient client = server.connect()) {
      List<ModelIndex> models =
          client
              .call()
              .repositoryIndex(RepositoryIndexRequest.getDefaultInstance())
              .getModelsList();
      if (models.isEmpty()) {
        shell.out().println("no models");
        return 0;
      }
      Table table =
          new Table("MODEL", "VERSION", "STATE", "BATCHING", "INPUTS → OUTPUTS", "REASON");
      models.stream()
          .sorted(
              Comparator.comparing(ModelIndex::getName)
                  .thenComparing(ModelIndex::getVersion, ModelsCommand::compareVersions))
          .forEach(model -> add(table, client, model));
      table.lines().forEach(shell.out()::println);
      return 0;
    }
  }

  private static int compareVersions(String a, String b) {
    // versions are decimal numbers, of any length: the shorter one is the smaller one
    return a.length() == b.length() ? a.compareTo(b) : a.length() - b.length();
  }

  private static void add(Table table, InferenceClient client, ModelIndex model) {
    String batching = UNKNOWN;
    String tensors = UNKNOWN;
    String reason = model.getReason();
    if (model.getState().equals("READY")) {
      try {
        ModelMetadataResponse metadata = metadata(client, model);
        batching = batching(client, model, metadata);
        tensors = tensors(metadata);
      } catch (StatusRuntimeException e) {
        // gone since the index was made; the others are still worth a line
        reason = Failures.line(e.getStatus());
      }
    }
    table.add(
        model.getName(), orUnknown(model.getVersion()), state(model), batching, tensors, reason);
  }

  /** The protocol has no word of its own for a model that failed. */
  private static String state(ModelIndex model) {
    boolean failed = model.getState().equals("UNAVAILABLE") && !model.getReason().isEmpty();
    return failed ? "FAILED" : orUnknown(model.getState());
  }

  private static ModelMetadataResponse metadata(InferenceClient client, ModelIndex model) {
    return client
        .call()
        .modelMetadata(
            ModelMetadataRequest.newBuilder()
                .setName(model.getName())
                .setVersion(model.getVersion())
                .build());
  }

  private static String batching(
      InferenceClient client, ModelIndex model, ModelMetadataResponse metadata) {
    String said = metadata.getPropertiesOrDefault("batching", "");
    if (!said.isEmpty()) {
      return said;
    }
    try {
      ModelConfig config =
          client
              .call()
              .modelConfig(
                  ModelConfigRequest.newBuilder()
                      .setName(model.getName())
                      .setVersion(model.getVersion())
                      .build())
              .getConfig();
      return config.getMaxBatchSize() > 0 ? "up to " + config.getMaxBatchSize() : "off";
    } catch (StatusRuntimeException e) {
      // an extension that other servers of the protocol need not have
      return UNKNOWN;
    }
  }

  private static String tensors(ModelMetadataResponse metadata) {
    return "%s → %s"
        .formatted(tensors(metadata.getInputsList()), tensors(metadata.getOutputsList()));
  }

  private static String tensors(List<TensorMetadata> tensors) {
    return tensors.stream()
        .map(
            tensor ->
                "%s %s%s"
                    .formatted(
                        tensor.getName(),
                        tensor.getDatatype(),
                        ShapeFit.show(tensor.getShapeList())))
        .collect(Collectors.joining(", "));
  }

  private static String orUnknown(String text) {
    return text.isEmpty() ? UNKNOWN : text;
  }
}
