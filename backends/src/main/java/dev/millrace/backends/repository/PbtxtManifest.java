// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.Nearest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Reads Triton's {@code config.pbtxt}. What becomes of each field: {@link PbtxtField}. */
final class PbtxtManifest {
  private static final String ONNX_PLATFORM = "onnxruntime_onnx";

  private final String modelName;
  private final Set<String> backends;
  private final ManifestProblems problems = new ManifestProblems(Names.CONFIG_PBTXT);
  private final ManifestBuilder manifest = new ManifestBuilder();

  PbtxtManifest(String modelName, Set<String> backends) {
    this.modelName = modelName;
    this.backends = backends;
  }

  ModelManifest parse(String text) throws ManifestException {
    TextField.Message message = TextFormat.parse(Names.CONFIG_PBTXT, text);
    PbtxtSchema.check(message, PbtxtSchema.ROOT, problems);
    problems.throwIfAny(); // from here on, types are what they should be
    PbtxtMessage config = new PbtxtMessage(message);
    readUses(config);
    readName(config);
    readBackend(config);
    readFile(config);
    readMaxBatchSize(config);
    readVersionPolicy(config);
    readTransactionPolicy(config);
    boolean batched = manifest.maxBatchSize.orElse(0) >= 1;
    PbtxtTensors tensors = new PbtxtTensors(batched, problems, manifest.notes);
    manifest.inputs = tensors.read(config, "input");
    manifest.outputs = tensors.read(config, "output");
    manifest.warmUp = new PbtxtWarmUp(batched, problems).read(config);
    new PbtxtExecution(problems, manifest).read(config);
    problems.throwIfAny();
    return manifest.build();
  }

  /** Fields whose mere presence is refused or noted, each once. */
  private void readUses(PbtxtMessage config) {
    Set<String> seen = new HashSet<>();
    for (TextField field : config.fields()) {
      if (seen.add(field.name())) {
        PbtxtField.of(field.name()).ifPresent(known -> readUse(field, known));
      }
    }
  }

  private void readUse(TextField field, PbtxtField known) {
    switch (known.use()) {
      case READ -> {}
      case IGNORED -> {
        if (!saysNothing(field)) {
          manifest.notes.add(field.name() + " has no effect: " + known.meaning());
        }
      }
      case REFUSED -> problem(field, field.name() + " is not supported yet");
    }
  }

  private static boolean saysNothing(TextField field) {
    return PbtxtMessage.message(field)
            .map(message -> message.fields().isEmpty() || isDisabled(message))
            .orElse(false)
        || (field.value() instanceof TextField.Text text && text.text().isEmpty());
  }

  private static boolean isDisabled(PbtxtMessage message) {
    return message.has("enable") && !message.isTrue("enable");
  }

  private void readName(PbtxtMessage config) {
    Optional<String> name = config.string("name");
    if (name.isPresent() && !name.get().equals(modelName)) {
      problem(
          config,
          "name",
          "name: " + Names.quoted(name.get()) + " (expected the folder's, '" + modelName + "')");
    }
  }

  private void readBackend(PbtxtMessage config) {
    Optional<String> backend = config.string("backend");
    Optional<String> platform = config.string("platform");
    if (backend.isPresent()) {
      manifest.backend = backend.get();
      checkBackend(config, "backend", backend.get());
    }
    if (platform.isEmpty()) {
      return;
    }
    if (platform.get().equals("ensemble")) {
      if (!config.has("ensemble_scheduling")) { // else that has been said
        problem(config, "platform", "platform 'ensemble' is not supported yet");
      }
      return;
    }
    String ofPlatform =
        platform.get().equals(ONNX_PLATFORM) ? ModelManifest.DEFAULT_BACKEND : platform.get();
    if (backend.isPresent() && !backend.get().equals(ofPlatform)) {
      problem(
          config,
          "platform",
          "platform "
              + Names.quoted(platform.get())
              + " is not one of backend "
              + Names.quoted(backend.get()));
    } else if (backend.isEmpty()) {
      manifest.backend = ofPlatform;
      checkBackend(config, "platform", ofPlatform);
    }
  }

  private void checkBackend(PbtxtMessage config, String field, String backend) {
    if (!backends.contains(backend)) {
      problem(
          config,
          field,
          "backend "
              + Names.quoted(backend)
              + " is not available here"
              + Nearest.hint(backend, backends));
    }
  }

  private void readFile(PbtxtMessage config) {
    Optional<String> file = config.string("default_model_filename");
    if (file.isPresent()) {
      manifest.fileName = file.get();
      Names.fileNameProblem(file.get())
          .ifPresent(
              p -> problem(config, "default_model_filename", "default_model_filename: " + p));
    }
  }

  private void readMaxBatchSize(PbtxtMessage config) {
    OptionalLong size = config.integer("max_batch_size");
    if (size.isEmpty()) {
      return;
    }
    ManifestKey key = ManifestKey.MAX_BATCH_SIZE;
    if (size.getAsLong() < key.min() || size.getAsLong() > key.max()) {
      problem(
          config,
          "max_batch_size",
          "max_batch_size: " + size.getAsLong() + " (expected " + key.type() + ")");
    } else {
      manifest.maxBatchSize = OptionalInt.of((int) size.getAsLong());
    }
  }

  private void readVersionPolicy(PbtxtMessage config) {
    Optional<PbtxtMessage> policy = config.message("version_policy");
    if (policy.isEmpty()) {
      return;
    }
    List<TextField> choices = policy.get().fields();
    if (choices.size() > 1) {
      problem(
          config, "version_policy", "version_policy: more than one of latest, all and specific");
    } else if (choices.size() == 1) {
      PbtxtMessage choice = PbtxtMessage.message(choices.getFirst()).orElseThrow();
      switch (choices.getFirst().name()) {
        case "latest" -> manifest.versionPolicy = new VersionPolicy.Latest(latest(choice));
        case "all" -> manifest.versionPolicy = new VersionPolicy.All();
        default -> readSpecific(config, choice);
      }
    }
  }

  private static int latest(PbtxtMessage choice) {
    long count = Math.max(1, choice.integer("num_versions").orElse(1)); // 0: protobuf's "not given"
    return (int) Math.min(Integer.MAX_VALUE, count);
  }

  private void readSpecific(PbtxtMessage config, PbtxtMessage choice) {
    long[] versions = choice.integers("versions");
    if (versions.length == 0 || LongStream.of(versions).anyMatch(version -> version < 1)) {
      problem(
          config,
          "version_policy",
          "version_policy: specific versions "
              + Arrays.toString(versions)
              + " (expected version numbers of 1 or more)");
    } else {
      manifest.versionPolicy =
          new VersionPolicy.Specific(
              LongStream.of(versions).boxed().collect(Collectors.toUnmodifiableSet()));
    }
  }

  private void readTransactionPolicy(PbtxtMessage config) {
    if (config
        .message("model_transaction_policy")
        .map(policy -> policy.isTrue("decoupled"))
        .orElse(false)) {
      problem(config, "model_transaction_policy", "decoupled models are not supported yet");
    }
  }

  private void problem(PbtxtMessage config, String fieldName, String problem) {
    config.field(fieldName).ifPresent(field -> problem(field, problem));
  }

  private void problem(TextField field, String problem) {
    problems.add(field.line(), field.column(), problem);
  }
}
