// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Processor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds out what this build of ONNX Runtime can run models on, on this machine. Takes seconds where
 * there are GPUs: each is tried out.
 */
final class OnnxDevices {
  /** More than any machine has. */
  private static final int MOST_GPUS = 64;

  private final ProviderProbe probe;
  private final Processor processor;

  OnnxDevices(ProviderProbe probe, Processor processor) {
    this.probe = probe;
    this.processor = processor;
  }

  EngineDevices find() {
    Set<OrtProvider> compiledIn = probe.compiledIn();
    List<DeviceStatus> all = new ArrayList<>();
    String cpu = Providers.name(OrtProvider.CPU);
    all.add(DeviceStatus.usable(Device.CPU, cpu, processor.toString()));
    for (OrtProvider provider : List.of(OrtProvider.CUDA, OrtProvider.TENSOR_RT)) {
      if (compiledIn.contains(provider)) {
        addGpus(provider, all);
      } else {
        all.add(notThere(Device.Kind.GPU, provider, compiledIn));
      }
    }
    all.add(openVino(compiledIn));
    return new EngineDevices("ONNX Runtime " + probe.version(), probe.build(), all);
  }

  private static DeviceStatus notThere(
      Device.Kind kind, OrtProvider provider, Set<OrtProvider> compiledIn) {
    return DeviceStatus.notInBuild(
        kind,
        Providers.name(provider),
        "not in this build of ONNX Runtime (it has %s)".formatted(Providers.names(compiledIn)));
  }

  private void addGpus(OrtProvider provider, List<DeviceStatus> all) {
    if (!probe.hasNvidiaDriver()) {
      // to try it would have ONNX Runtime unpack half a gigabyte out of its jar first
      String reason = ProviderFailure.noDriver(probe.missingLibraries(provider));
      all.add(DeviceStatus.unusable(Device.Kind.GPU, Providers.name(provider), reason));
      return;
    }
    for (int index = 0; index < MOST_GPUS; index++) {
      try {
        probe.tryOut(provider, index);
        all.add(DeviceStatus.usable(Device.gpu(index), Providers.name(provider), ""));
      } catch (OrtException e) {
        String message = Ort.message(e);
        if (index > 0 && ProviderFailure.isNoSuchDevice(message)) {
          return;
        }
        all.add(unusableGpu(provider, index, message));
        if (!ProviderFailure.isOfOneDevice(message)) {
          return; // what keeps this one from working does so for the others
        }
      }
    }
  }

  private DeviceStatus unusableGpu(OrtProvider provider, int index, String message) {
    Optional<Device> device =
        ProviderFailure.isOfOneDevice(message) ? Optional.of(Device.gpu(index)) : Optional.empty();
    return new DeviceStatus(
        Device.Kind.GPU,
        device,
        Providers.name(provider),
        true,
        "",
        Optional.of(reason(provider, message)));
  }

  private String reason(OrtProvider provider, String message) {
    return ProviderFailure.explain(message, probe.missingLibraries(provider));
  }

  private DeviceStatus openVino(Set<OrtProvider> compiledIn) {
    OrtProvider provider = OrtProvider.OPEN_VINO;
    if (!compiledIn.contains(provider)) {
      return notThere(Device.Kind.CPU, provider, compiledIn);
    }
    try {
      probe.tryOut(provider, 0);
      return DeviceStatus.usable(Device.CPU, Providers.name(provider), processor.toString());
    } catch (OrtException e) {
      String reason = reason(provider, Ort.message(e));
      return DeviceStatus.unusable(Device.Kind.CPU, Providers.name(provider), reason);
    }
  }
}
