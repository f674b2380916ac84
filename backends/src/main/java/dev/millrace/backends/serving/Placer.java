// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads a model where its owner wants it, or else, unless that is required, onto the processor, and
 * says why. One thread, but for {@link #lost}.
 */
final class Placer {
  private static final Logger log = LoggerFactory.getLogger(Placer.class);

  /** Weights, and those that the engine has packed anew; as for the processor. */
  private static final int COPIES = 2;

  private final GpuLedger ledger;
  private final GpuRoom room;

  /** Looking takes seconds where there are GPUs, and they stay. */
  private final Map<String, EngineDevices> devices = new HashMap<>();

  /** Why GPUs cannot be used any more that could be once: until this process ends. */
  private final Map<Device, String> lost = new ConcurrentHashMap<>();

  Placer(GpuLedger ledger) {
    this.ledger = ledger;
    this.room = new GpuRoom(ledger);
  }

  /**
   * Loads a model.
   *
   * @throws NoRoomException if it is to wait for memory of a GPU rather than to run elsewhere
   */
  Placed load(Backend backend, ModelArtifact artifact, ModelOptions options)
      throws ModelLoadException, NoRoomException {
    Placement placement = options.placement();
    if (placement.wanted() == Placement.Wanted.CPU) {
      return onProcessor(backend, artifact, options, "");
    }
    EngineDevices there = devices(backend);
    try {
      List<Device> gpus = choose(placement, there);
      Optional<Shortage> shortage =
          room.shortage(
              placement, there.usableGpus(), artifact.name(), bytesOnGpu(artifact, options));
      if (shortage.isPresent()) {
        throw new NoRoomException(shortage.get());
      }
      return new Placed(onGpus(backend, artifact, options, gpus), gpus, "");
    } catch (ModelLoadException e) {
      // a build without GPUs runs all its models on the processor: no news
      boolean isNews = placement.wanted() == Placement.Wanted.GPU || there.isBuiltForGpus();
      return insteadOfGpu(backend, artifact, options, isNews, e);
    }
  }

  /** A GPU cannot be used any more; of any thread. */
  void lost(DeviceLoss loss) {
    lost.putIfAbsent(loss.device(), loss.reason());
  }

  /**
   * Loads a model onto the processor that could be loaded onto a GPU and could not run there.
   *
   * @throws ModelLoadException the failure, if it does not say that the GPU is to blame; or a
   *     refusal, if it is not to run elsewhere
   */
  Placed afterFailure(
      Backend backend, ModelArtifact artifact, ModelOptions options, ModelLoadException failure)
      throws ModelLoadException {
    if (failure.getCause() instanceof ModelRunException run
        && run.fault() != DeviceFault.NONE
        && run.device().isGpu()) {
      if (run.fault() == DeviceFault.DEVICE_LOST) {
        lost(new DeviceLoss(run.device(), String.valueOf(run.getMessage())));
      }
      return insteadOfGpu(backend, artifact, options, true, failure);
    }
    throw failure;
  }

  private EngineDevices devices(Backend backend) {
    EngineDevices there = devices.computeIfAbsent(backend.name(), name -> backend.devices());
    for (Map.Entry<Device, String> loss : lost.entrySet()) {
      there = there.without(loss.getKey(), loss.getValue());
    }
    return there;
  }

  private static Placed insteadOfGpu(
      Backend backend,
      ModelArtifact artifact,
      ModelOptions options,
      boolean isNews,
      ModelLoadException failure)
      throws ModelLoadException {
    String reason = String.valueOf(failure.getMessage());
    if (options.placement().isRequired()) {
      throw new ModelLoadException(
          "device: %s: %s".formatted(options.placement(), reason), failure);
    }
    return onProcessor(backend, artifact, options, isNews ? "not on a GPU: " + reason : "");
  }

  private static Placed onProcessor(
      Backend backend, ModelArtifact artifact, ModelOptions options, String note)
      throws ModelLoadException {
    if (!note.isEmpty() && options.placement().wanted() == Placement.Wanted.GPU) {
      log.warn("model {} version {}: {}", artifact.name(), artifact.version(), note);
    }
    return new Placed(backend.load(artifact, options, Device.CPU), List.of(Device.CPU), note);
  }

  /** The GPUs that were named, or the one with the most memory left. */
  private List<Device> choose(Placement placement, EngineDevices there) throws ModelLoadException {
    List<Device> usable = there.usableGpus();
    for (Device gpu : placement.gpus()) {
      if (!usable.contains(gpu)) {
        throw new ModelLoadException(lost.getOrDefault(gpu, gpu + ": " + there.whyNot(gpu)));
      }
    }
    return placement.gpus().isEmpty() ? List.of(emptiest(usable, there)) : placement.gpus();
  }

  private Device emptiest(List<Device> usable, EngineDevices there) throws ModelLoadException {
    return usable.stream()
        .max(Comparator.comparingLong(ledger::freeBytes).thenComparing(Comparator.reverseOrder()))
        .orElseThrow(() -> new ModelLoadException(there.whyNone()));
  }

  private SpreadModel onGpus(
      Backend backend, ModelArtifact artifact, ModelOptions options, List<Device> gpus)
      throws ModelLoadException {
    List<SpreadModel.Share> shares = new ArrayList<>();
    try {
      for (Device gpu : gpus) {
        shares.add(onGpu(backend, artifact, options, gpu));
      }
      return new SpreadModel(shares, ledger);
    } catch (ModelLoadException | RuntimeException | Error e) {
      Closing.after(e, new SpreadModel(shares, ledger)::close);
      throw e;
    }
  }

  /** What a model is reckoned to need of each GPU that it is loaded onto. */
  private static long bytesOnGpu(ModelArtifact artifact, ModelOptions options) {
    return options.gpuMemoryBytes() > 0 ? options.gpuMemoryBytes() : COPIES * artifact.bytes();
  }

  private SpreadModel.Share onGpu(
      Backend backend, ModelArtifact artifact, ModelOptions options, Device gpu)
      throws ModelLoadException {
    long bytes = bytesOnGpu(artifact, options);
    GpuClaim claim =
        ledger
            .reserve(gpu, artifact.name(), bytes)
            .orElseThrow(() -> new ModelLoadException(ledger.refusal(gpu, bytes)));
    try {
      return new SpreadModel.Share(claim, backend.load(artifact, options, gpu));
    } catch (ModelLoadException e) {
      ledger.release(claim);
      String reason = String.valueOf(e.getMessage());
      boolean isFull = DeviceFault.of(reason) == DeviceFault.OUT_OF_MEMORY;
      throw new ModelLoadException(
          isFull ? ledger.didNotFit(gpu, bytes, reason) : gpu + ": " + reason, e);
    } catch (RuntimeException | Error e) {
      ledger.release(claim);
      throw e;
    }
  }
}
