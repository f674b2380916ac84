// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What an engine can run models on, on this machine.
 *
 * @param engine its name and version
 * @param build where its code comes from
 * @param devices the processor first
 */
public record EngineDevices(String engine, String build, List<DeviceStatus> devices) {
  public EngineDevices {
    devices = List.copyOf(devices);
  }

  /** GPUs that models can run on. */
  public List<Device> usableGpus() {
    return gpus().filter(DeviceStatus::isUsable).flatMap(s -> s.device().stream()).toList();
  }

  /** Whether it has code for GPUs, of use here or not. */
  public boolean isBuiltForGpus() {
    return gpus().anyMatch(DeviceStatus::isInBuild);
  }

  /** The same, but for a GPU that is of no use any more. */
  public EngineDevices without(Device gpu, String reason) {
    UnaryOperator<DeviceStatus> lose =
        status ->
            status.device().filter(gpu::equals).isPresent() ? status.unusableNow(reason) : status;
    return new EngineDevices(engine, build, devices.stream().map(lose).toList());
  }

  /** Why no GPU can be used. */
  public String whyNone() {
    return gpus()
        .flatMap(status -> status.unusable().stream().map(why -> status.provider() + ": " + why))
        .findFirst()
        .orElse("the engine has no code for any");
  }

  /** Why a GPU cannot be used. */
  public String whyNot(Device gpu) {
    return gpus()
        .filter(status -> status.device().filter(gpu::equals).isPresent())
        .flatMap(status -> status.unusable().stream())
        .findFirst()
        .orElseGet(
            () ->
                usableGpus().isEmpty()
                    ? whyNone()
                    : "there is none of that number (expected one of %s)".formatted(usableGpus()));
  }

  /** By the provider that is named first: it is the one by which models run. */
  private Stream<DeviceStatus> gpus() {
    List<DeviceStatus> all =
        devices.stream().filter(status -> status.kind() == Device.Kind.GPU).toList();
    return all.stream().filter(status -> status.provider().equals(all.getFirst().provider()));
  }
}
