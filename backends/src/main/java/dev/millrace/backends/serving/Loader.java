// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.warmup.Sample;
import dev.millrace.backends.warmup.SampleReader;
import dev.millrace.batching.Fairness;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** Turns a model's files into a served version that has run already. */
final class Loader {
  private final Map<String, Backend> backends;
  private final Inlining inlining;
  private final Fairness fairness;
  private final Janitor janitor;
  private final LongSupplier nanoClock;
  private final Placer placer;
  private volatile boolean stopping;

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
   * @throws HungLoadException if a replica does not answer, and may still use the model's files
   */
  ServedVersion load(ModelArtifact artifact, ModelManifest manifest, Runnable warming)
      throws ModelLoadException, NoRoomException, HungLoadException {
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
      return startElsewhere(backend, artifact, manifest, e, warming);
    } catch (HungLoadException e) {
      return startBesideHung(backend, artifact, manifest, e.failure(), warming);
    }
  }

  private ServedVersion startElsewhere(
      Backend backend,
      ModelArtifact artifact,
      ModelManifest manifest,
      ModelLoadException failure,
      Runnable warming)
      throws ModelLoadException, HungLoadException {
    Placed instead = placer.afterFailure(backend, artifact, manifest.options(), failure);
    return start(backend, artifact, manifest, instead, warming);
  }

  /** As {@link #startElsewhere}; whatever comes of it, the files are in use. */
  private ServedVersion startBesideHung(
      Backend backend,
      ModelArtifact artifact,
      ModelManifest manifest,
      ModelLoadException failure,
      Runnable warming)
      throws HungLoadException {
    try {
      Placed instead = placer.afterFailure(backend, artifact, manifest.options(), failure);
      return start(backend, artifact, manifest, instead.besideHung(), warming);
    } catch (ModelLoadException e) {
      throw new HungLoadException(e);
    } catch (RuntimeException | Error e) {
      throw new HungLoadException(new ModelLoadException(e.toString(), e));
    }
  }

  /** What takes long is not waited for any more. */
  void stop() {
    stopping = true;
  }

  /** From now on models are not loaded onto a device that was lost; of any thread. */
  void lost(DeviceLoss loss) {
    placer.lost(loss);
  }

  private ServedVersion start(
      Backend backend,
      ModelArtifact artifact,
      ModelManifest manifest,
      Placed placed,
      Runnable warming)
      throws ModelLoadException, HungLoadException {
    ServedVersion served;
    try {
      served = startWarm(backend, artifact, manifest, placed, warming);
    } catch (ModelLoadException | RuntimeException | Error e) {
      Closing.after(e, placed.model()::close);
      throw e;
    }
    try {
      served.awaitReplicas(() -> stopping);
      return served;
    } catch (ModelLoadException e) {
      if (!isFreed(served)) {
        throw new HungLoadException(e);
      }
      throw e;
    } catch (RuntimeException e) {
      if (!isFreed(served)) {
        throw new HungLoadException(new ModelLoadException(e.toString(), e));
      }
      throw e;
    }
  }

  /** Warm, and not yet waited for. What it throws has left no runner open. */
  private ServedVersion startWarm(
      Backend backend,
      ModelArtifact artifact,
      ModelManifest manifest,
      Placed placed,
      Runnable warming)
      throws ModelLoadException {
    LoadedModel model = placed.model();
    List<String> problems = manifest.options().padding().problems(model.signature());
    if (!problems.isEmpty()) {
      throw new ModelLoadException("padding: " + String.join("; ", problems));
    }
    warming.run();
    List<Sample> samples =
        new SampleReader(artifact.name(), model.signature(), artifact.warmUpFiles())
            .read(manifest.warmUp());
    WarmUp warmUp = new WarmUp(model.signature(), samples, nanoClock);
    FirstRunners first = new FirstRunners(model, warmUp);
    first.make(manifest.replicas());
    ServedVersion served;
    try {
      served =
          new ServedVersion(
              artifact.name(),
              artifact.version(),
              backend.platform(),
              manifest,
              placed,
              first.runners(),
              warmUp,
              first.timings(),
              inlining,
              fairness,
              janitor,
              nanoClock);
    } catch (RuntimeException | Error e) {
      Closing.after(e, first::close);
      throw e;
    }
    first.lack().ifPresent(served::lacksReplicas);
    return served;
  }

  /** Closes it; false if something of it goes on that may use its files. */
  static boolean isFreed(ServedVersion served) {
    try {
      return served.close(0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
