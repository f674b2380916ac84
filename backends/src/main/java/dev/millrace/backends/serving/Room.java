// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/**
 * Room in memory for models that are about to be loaded, if need be made by idle ones. Any threads
 * but the control thread, which makes it.
 */
public final class Room {
  private final MemoryLedger memory;
  private final LongPredicate make;
  private final Executor control;
  private final LongSupplier drainNanos;
  private volatile boolean stopping;

  /**
   * @param make has the control thread let go of models that nobody needs now and that take so many
   *     bytes together; of none, and false, if there are not enough
   * @param drainNanos asked how long to wait for the room that was made
   */
  Room(MemoryLedger memory, LongPredicate make, Executor control, LongSupplier drainNanos) {
    this.memory = memory;
    this.make = make;
    this.control = control;
    this.drainNanos = drainNanos;
  }

  /** Nothing is let go of any more for what is to be loaded. */
  void stop() {
    stopping = true;
  }

  /** Reserves what a model needs; what is missing, if that is not there and cannot be made. */
  public Optional<Shortage> reserve(ModelArtifact artifact) throws InterruptedException {
    boolean reserved = memory.reserve(artifact) || (makeFor(artifact) && memory.reserve(artifact));
    return reserved ? Optional.empty() : Optional.of(memory.refuse(artifact));
  }

  private boolean makeFor(ModelArtifact artifact) throws InterruptedException {
    if (stopping || !memory.mayFit(artifact)) {
      return false;
    }
    long missing = memory.missingBytes(artifact);
    try {
      if (!CompletableFuture.supplyAsync(() -> make.test(missing), control).get()) {
        return false;
      }
    } catch (RejectedExecutionException e) {
      return false; // closed meanwhile
    } catch (ExecutionException e) {
      throw new IllegalStateException("making room failed", e);
    }
    memory.awaitRoom(artifact, drainNanos.getAsLong());
    return true;
  }

  /** Gives back what was reserved for a model; nothing if nothing was. */
  public void release(ModelArtifact artifact) {
    memory.release(artifact);
  }
}
