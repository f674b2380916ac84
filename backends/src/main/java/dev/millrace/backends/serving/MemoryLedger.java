// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.Units;
import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What the models that are loaded, or about to be, are reckoned to need of the memory that there is
 * for models. Any thread.
 *
 * <p>Reckoned, not measured: an engine does not tell what a model takes. Twice the size of its
 * files is what weights take that the engine has packed anew beside those that it was given; what
 * requests take comes on top, and is bounded by the limits of queues.
 */
public final class MemoryLedger {
  private static final int COPIES = 2;

  private final GpuLedger gpus;
  private final LongSupplier nanoClock;

  // guarded by this
  private long budgetBytes;
  private final IdentityHashMap<ModelArtifact, Long> reserved = new IdentityHashMap<>();
  private long reservedBytes;
  private long refusals;

  private volatile Runnable onRoom = () -> {};

  /**
   * @param budgetBytes for all models together
   * @param gpus the same of each GPU
   */
  public MemoryLedger(long budgetBytes, GpuLedger gpus, LongSupplier nanoClock) {
    this.budgetBytes = budgetBytes;
    this.gpus = gpus;
    this.nanoClock = nanoClock;
  }

  /** Any model fits. */
  public static MemoryLedger unlimited() {
    return new MemoryLedger(Long.MAX_VALUE, GpuLedger.unlimited(), () -> 0);
  }

  private static long need(ModelArtifact artifact) {
    return COPIES * artifact.bytes();
  }

  /** Reserves what a model needs, if that is there. */
  synchronized boolean reserve(ModelArtifact artifact) {
    if (missingBytes(artifact) > 0) {
      return false;
    }
    long need = need(artifact);
    reserved.put(artifact, need);
    reservedBytes += need;
    return true;
  }

  /** Who is told, on whatever thread, that more is free than before. */
  void onRoom(Runnable listener) {
    onRoom = listener;
  }

  /** Gives back what was reserved for a model; nothing if nothing was. */
  void release(ModelArtifact artifact) {
    synchronized (this) {
      Long bytes = reserved.remove(artifact);
      if (bytes == null) {
        return;
      }
      reservedBytes -= bytes;
      notifyAll();
    }
    onRoom.run();
  }

  /** What is reserved for a model; 0 if nothing is. */
  synchronized long reservedBytes(ModelArtifact artifact) {
    return reserved.getOrDefault(artifact, 0L);
  }

  /** What has to be free for a model beyond what is; 0 or less if it fits. */
  synchronized long missingBytes(ModelArtifact artifact) {
    return need(artifact) - (budgetBytes - reservedBytes);
  }

  /** Whether a model would fit if nothing else was there. */
  synchronized boolean mayFit(ModelArtifact artifact) {
    return need(artifact) <= budgetBytes;
  }

  /** Sets what there is for all models together; those that are loaded stay, fit or not. */
  public void setBudgetBytes(long bytes) {
    synchronized (this) {
      budgetBytes = bytes;
      notifyAll();
    }
    onRoom.run();
  }

  /** Waits until a model fits, or for so long. */
  synchronized void awaitRoom(ModelArtifact artifact, long nanos) throws InterruptedException {
    long end = nanoClock.getAsLong() + nanos;
    long left = nanos;
    while (missingBytes(artifact) > 0 && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = end - nanoClock.getAsLong();
    }
  }

  /** Counts a model that does not fit, and says what is missing. */
  synchronized Shortage refuse(ModelArtifact artifact) {
    refusals++;
    String reason =
        "needs about %s of memory, and %s of %s are free (memory_budget)"
            .formatted(
                Units.roughly(need(artifact)),
                Units.roughly(Math.max(0, budgetBytes - reservedBytes)),
                Units.roughly(budgetBytes));
    boolean mayPass = mayFit(artifact);
    // what is larger than the budget may have others make room, once the budget has grown
    return new Shortage(
        reason, mayPass, () -> mayPass ? missingBytes(artifact) <= 0 : mayFit(artifact));
  }

  GpuLedger gpus() {
    return gpus;
  }

  public synchronized long reservedBytes() {
    return reservedBytes;
  }

  /** Loads that were refused so far because their models did not fit. */
  public synchronized long refusals() {
    return refusals;
  }

  public synchronized long budgetBytes() {
    return budgetBytes;
  }
}
