// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Units;
import java.util.HashMap;
import java.util.Map;

/**
 * What models are reckoned to need of each GPU's memory. Any thread.
 *
 * <p>A GPU whose budget is not known takes any model: its driver refuses what does not fit.
 */
public final class GpuLedger {
  private final Map<Device, Long> budgets;
  private final Map<Device, Long> reserved = new HashMap<>(); // guarded by this

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

  /** Reserves so much, if it is there. */
  synchronized boolean reserve(Device gpu, long bytes) {
    if (bytes > freeBytes(gpu)) {
      return false;
    }
    reserved.merge(gpu, bytes, Long::sum);
    return true;
  }

  synchronized void release(Device gpu, long bytes) {
    reserved.merge(gpu, -bytes, Long::sum);
  }

  /** What is not reserved: of Long.MAX_VALUE if the budget is not known. */
  synchronized long freeBytes(Device gpu) {
    return budgets.getOrDefault(gpu, Long.MAX_VALUE) - reserved.getOrDefault(gpu, 0L);
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

  /** Why so much does not fit. */
  String refusal(Device gpu, long bytes) {
    return "%s: needs about %s of its memory, and %s of %s are free (gpu_memory_budget)"
        .formatted(
            gpu,
            Units.roughly(bytes),
            Units.roughly(Math.max(0, freeBytes(gpu))),
            Units.roughly(budgets.getOrDefault(gpu, Long.MAX_VALUE)));
  }
}
