// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Units;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What models are reckoned to need of each GPU's memory. Any thread.
 *
 * <p>A GPU whose budget is not known takes any model: its driver refuses what does not fit.
 */
public final class GpuLedger {
  private final Map<Device, Long> budgets;
  private final Set<GpuClaim> claims = new LinkedHashSet<>(); // guarded by this
  private volatile Runnable onRoom = () -> {};

  /**
   * @param budgets bytes for all models together, by GPU
   */
  public GpuLedger(Map<Device, Long> budgets) {
    this.budgets = Map.copyOf(budgets);
  }

  /** Any model fits. */
  public static GpuLedger unlimited() {
    return new GpuLedger(Map.of());
  }

  /** Who is told, on whatever thread, that more is free than before. */
  void onRoom(Runnable listener) {
    onRoom = listener;
  }

  /**
   * Reserves so much, if it is there.
   *
   * @param model the name that it is served under
   */
  synchronized Optional<GpuClaim> reserve(Device gpu, String model, long bytes) {
    if (bytes > freeBytes(gpu)) {
      return Optional.empty();
    }
    GpuClaim claim = new GpuClaim(gpu, model, bytes);
    claims.add(claim);
    return Optional.of(claim);
  }

  void release(GpuClaim claim) {
    synchronized (this) {
      claims.remove(claim);
    }
    onRoom.run();
  }

  /** Long.MAX_VALUE if it is not known. */
  long budgetBytes(Device gpu) {
    return budgets.getOrDefault(gpu, Long.MAX_VALUE);
  }

  /** What is not reserved: of Long.MAX_VALUE if the budget is not known. */
  long freeBytes(Device gpu) {
    return budgetBytes(gpu) - bytes(claim -> claim.gpu().equals(gpu));
  }

  /** What a model's versions hold, and what is being unloaded: free when the former is replaced. */
  long passingBytes(Device gpu, String model) {
    return leavingBytes(gpu) + versionsBytes(gpu, model);
  }

  private long leavingBytes(Device gpu) {
    return bytes(claim -> claim.gpu().equals(gpu) && claim.isLeaving());
  }

  private long versionsBytes(Device gpu, String model) {
    return bytes(
        claim -> claim.gpu().equals(gpu) && !claim.isLeaving() && claim.model().equals(model));
  }

  private synchronized long bytes(Predicate<GpuClaim> of) {
    return claims.stream().filter(of).mapToLong(GpuClaim::bytes).sum();
  }

  /** That a model did not fit which was reckoned to, after what it had reserved was released. */
  String didNotFit(Device gpu, long bytes, String reason) {
    long budget = budgets.getOrDefault(gpu, 0L);
    String left =
        budget == 0
            ? ""
            : ", and %s of %s (gpu_memory_budget) were free"
                .formatted(Units.roughly(freeBytes(gpu)), Units.roughly(budget));
    return "%s: its memory is full: the model was reckoned to need about %s%s: %s"
        .formatted(gpu, Units.roughly(bytes), left, reason);
  }

  /** What keeps so much from fitting and will not always, to be added to why it does not. */
  String passing(Device gpu, String model) {
    long leaving = leavingBytes(gpu);
    long versions = versionsBytes(gpu, model);
    return (leaving > 0 ? "; %s are being freed".formatted(Units.roughly(leaving)) : "")
        + (versions > 0
            ? "; another version of this model holds %s and goes on: free memory, or set gpu_memory_budget"
                .formatted(Units.roughly(versions))
            : "");
  }

  /** Why so much does not fit. */
  String refusal(Device gpu, long bytes) {
    return "%s: needs about %s of its memory, and %s of %s are free (gpu_memory_budget)"
        .formatted(
            gpu,
            Units.roughly(bytes),
            Units.roughly(Math.max(0, freeBytes(gpu))),
            Units.roughly(budgetBytes(gpu)));
  }
}
