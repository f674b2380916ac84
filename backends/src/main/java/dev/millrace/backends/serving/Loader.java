// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.warmup.Sample;
import dev.millrace.backends.warmup.SampleReader;
import dev.millrace.batching.Fairness;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns a model's files into a served version that has run already. */
final class Loader {
  private static final Logger log = LoggerFactory.getLogger(Loader.class);

  private final Map<String, Backend> backends;
  private final Inlining inlining;
  private final Fairness fairness;
  private final Janitor janitor;
  private final LongSupplier nanoClock;
  private final Placer placer;

  /** Of models that may take what they like of any GPU. */
  Loader(
      Map<String, Backend> backends,
      Inlining inlining,
      Fairness fairness,
      Janitor janitor,
      LongSupplier nanoClock) {
    this(backends, GpuLedger.unlimited(), inlining, fairness, janitor, nanoClock);
  }

  Loader(
      Map<String, Backend> backends,
      GpuLedger gpuMemory,
      Inlining inlining,
      Fairness fairness,
      Janitor janitor,
      LongSupplier nanoClock) {
    this.backends = backends;
    this.inlining = inlining;
    this.fairness = fairness;
    this.janitor = janitor;
    this.nanoClock = nanoClock;
    this.placer = new Placer(gpuMemory);
  }

  /**
   * Loads, warms and starts.
   *
   * @param warming called between loading and warming
   * @throws NoRoomException if it waits for memory of a GPU
   * @throws ModelLoadException if the engine cannot load it, or it fails on one of its samples
   */
  ServedVersion load(ModelArtifact artifact, ModelManifest manifest, Runnable warming)
      throws ModelLoadException, NoRoomException {
    Backend backend = backends.get(manifest.backend());
    if (backend == null) {
      throw new ModelLoadException(
          "backend: '%s' (expected one of %s)"
              .formatted(manifest.backend(), backends.keySet().stream().sorted().toList()));
    }
    Placed placed = placer.load(backend, artifact, manifest.options());
    try {
      return start(backend, artifact, manifest, placed, warming);
    } catch (ModelLoadException e) {
      Placed instead = placer.afterFailure(backend, artifact, manifest.options(), e);
      return start(backend, artifact, manifest, instead, warming);
    }
  }

  /** From now on models are not loaded onto a device that was lost; of any thread. */
  void lost(DeviceLoss loss) {
    placer.lost(loss);
  }

  /**
   * One more runner. Where each has weights of its own, those that there is memory for are better
   * than none, and placing has reckoned with one.
   */
  private static Optional<Runner> newRunner(LoadedModel model, ModelArtifact artifact, int index) {
    if (index == 0 || model.sharesWeights()) {
      return Optional.of(model.newRunner());
    }
    try {
      return Optional.of(model.newRunner());
    } catch (IllegalStateException e) {
      log.warn(
          "model {} version {}: {} replicas, not more: {}",
          artifact.name(),
          artifact.version(),
          index,
          e.getMessage());
      return Optional.empty();
    }
  }

  private ServedVersion start(
      Backend backend,
      ModelArtifact artifact,
      ModelManifest manifest,
      Placed placed,
      Runnable warming)
      throws ModelLoadException {
    LoadedModel model = placed.model();
    List<Runner> runners = new ArrayList<>();
    try {
      List<String> problems = manifest.options().padding().problems(model.signature());
      if (!problems.isEmpty()) {
        throw new ModelLoadException("padding: " + String.join("; ", problems));
      }
      warming.run();
      List<Sample> samples =
          new SampleReader(artifact.name(), model.signature(), artifact.warmUpFiles())
              .read(manifest.warmUp());
      WarmUp warmUp = new WarmUp(model.signature(), samples, nanoClock);
      List<WarmUp.Timing> timings = List.of();
      for (int i = 0; i < manifest.replicas(); i++) {
        Optional<Runner> runner = newRunner(model, artifact, i);
        if (runner.isEmpty()) {
          break;
        }
        runners.add(runner.get());
        timings = warmUp.run(runner.get());
      }
      ServedVersion served =
          new ServedVersion(
              artifact.name(),
              artifact.version(),
              backend.platform(),
              manifest,
              placed,
              runners,
              warmUp,
              timings,
              inlining,
              fairness,
              janitor,
              nanoClock);
      if (!model.runsOnCores()) {
        served.awaitReplicas(); // a GPU's may take seconds; requests are not to wait for that
      }
      return served;
    } catch (ModelLoadException | RuntimeException | Error e) {
      runners.forEach(Runner::close);
      model.close();
      throw e;
    }
  }
}
