// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.Placement;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What a model waits for that does not fit on a GPU just now, rather than running elsewhere.
 *
 * <p>An update holds two versions for a while. If only that is why the new one does not fit, it
 * would be on the processor for good for a shortage of seconds, and slower than what it replaces;
 * so it waits, while the other goes on. The same holds for what is being unloaded anyway. For the
 * memory of other models only those wait that may run nowhere else.
 */
final class GpuRoom {
  private final GpuLedger ledger;

  GpuRoom(GpuLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * What is waited for; empty if the model fits, or if to wait is of no use.
   *
   * @param usable those there are
   * @param model the name that it is served under
   * @param bytes that it needs of each GPU that it is loaded onto
   */
  Optional<Shortage> shortage(Placement placement, List<Device> usable, String model, long bytes) {
    boolean isAnyEnough = placement.gpus().isEmpty();
    List<Device> gpus = isAnyEnough ? usable : placement.gpus();
    Predicate<Device> fits = gpu -> bytes <= ledger.freeBytes(gpu);
    Predicate<Device> mayFit =
        gpu ->
            placement.isRequired()
                ? bytes <= ledger.budgetBytes(gpu)
                : bytes <= ledger.freeBytes(gpu) + ledger.passingBytes(gpu, model);
    if (holds(gpus, isAnyEnough, fits) || !holds(gpus, isAnyEnough, mayFit)) {
      return Optional.empty();
    }
    Device missing = gpus.stream().filter(fits.negate().and(mayFit)).findFirst().orElseThrow();
    String reason =
        (placement.isRequired() ? "device: " + placement + ": " : "")
            + ledger.refusal(missing, bytes)
            + ledger.passing(missing, model);
    return Optional.of(new Shortage(reason, true, () -> holds(gpus, isAnyEnough, fits)));
  }

  private static boolean holds(List<Device> gpus, boolean isAnyEnough, Predicate<Device> of) {
    return isAnyEnough ? gpus.stream().anyMatch(of) : gpus.stream().allMatch(of);
  }
}
