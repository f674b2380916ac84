// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.registry.RegistryException;
import dev.millrace.backends.serving.Room;
import dev.millrace.backends.serving.Shortage;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.warmup.SampleReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Has an engine load what is pushed: what cannot be loaded is no version of a model. */
final class ModelCheck {
  private static final String WARM_UP = "warmup";

  private final Backend backend;
  private final Room room;

  /**
   * @param backend the engine of models that name none
   * @param room shared with the models that serve
   */
  ModelCheck(Backend backend, Room room) {
    this.backend = backend;
    this.room = room;
  }

  /** What the model takes and gives, as "name FP32[-1,4]". */
  record Found(List<String> inputs, List<String> outputs) {}

  /**
   * Loads a model, and lets go of it. One at a time, and reckoned with as those that serve: memory
   * for several large models may not be there.
   *
   * @throws RegistryException INVALID if it cannot be loaded, NO_ROOM if it does not fit just now
   */
  synchronized Found load(String model, Path folder) throws IOException, RegistryException {
    ModelArtifact artifact =
        new ModelArtifact(model, 0, modelFile(folder), bytes(folder), Map.of());
    Optional<Shortage> shortage;
    try {
      shortage = room.reserve(artifact);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the gateway is stopping");
    }
    if (shortage.isPresent()) {
      throw new RegistryException(
          RegistryException.Kind.NO_ROOM, "cannot be tried out: " + shortage.get().reason());
    }
    try {
      return load(artifact, folder);
    } finally {
      room.release(artifact);
    }
  }

  /** Of the model itself. */
  private static long bytes(Path folder) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += file.startsWith(folder.resolve(WARM_UP)) ? 0 : Files.size(file);
      }
    }
    return bytes;
  }

  private Found load(ModelArtifact artifact, Path folder) throws IOException, RegistryException {
    try (LoadedModel loaded = backend.load(artifact, ModelOptions.DEFAULT)) {
      checkSamples(artifact.name(), loaded.signature(), folder.resolve(WARM_UP));
      return new Found(texts(loaded.signature().inputs()), texts(loaded.signature().outputs()));
    } catch (ModelLoadException e) {
      throw invalid("%s: %s".formatted(artifact.file().getFileName(), e.getMessage()));
    }
  }

  /** Whether the requests for its warm-up fit it; they are run where it is loaded to serve. */
  private static void checkSamples(String model, ModelSignature signature, Path folder)
      throws IOException, RegistryException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      Map<String, Path> byName =
          files.collect(Collectors.toMap(file -> file.getFileName().toString(), file -> file));
      new SampleReader(model, signature, byName).read(List.of());
    } catch (ModelLoadException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  private static List<String> texts(List<TensorSpec> specs) {
    return specs.stream().map(TensorSpec::toString).toList();
  }

  /** The one of the usual name, or the only one of its kind. */
  private Path modelFile(Path folder) throws IOException, RegistryException {
    String name = backend.defaultFileName();
    Path usual = folder.resolve(name);
    if (Files.exists(usual)) {
      return usual;
    }
    String extension = name.substring(name.lastIndexOf('.'));
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> candidates =
          files.filter(file -> file.getFileName().toString().endsWith(extension)).toList();
      if (candidates.size() == 1) {
        return candidates.getFirst();
      }
      throw invalid(
          "%d files end in %s (expected one, or %s)".formatted(candidates.size(), extension, name));
    }
  }

  private static RegistryException invalid(String message) {
    return new RegistryException(RegistryException.Kind.INVALID, message);
  }
}
