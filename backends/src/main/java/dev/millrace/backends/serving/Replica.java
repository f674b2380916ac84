// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.Runner;
import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that pulls batches from a served version's queue and runs them. */
final class Replica implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Replica.class);

  private final BatchQueue<InferTask> queue;
  private final Runner runner;
  private final OptionalInt gpu;
  private final BatchExecutor executor;
  private final BiConsumer<Replica, Throwable> failed;
  private final Batch<InferTask> batch;
  private final CompletableFuture<Void> attached = new CompletableFuture<>();
  private final CompletableFuture<First> first = new CompletableFuture<>();
  private final CompletableFuture<Void> begun = new CompletableFuture<>();

  /** What a replica does before its first batch. */
  @FunctionalInterface
  interface First {
    void run(Runner runner) throws ModelLoadException;
  }

  /**
   * @param runner closed when it ends
   * @param failed told why, if it ends by a failure; its runner is closed then, and each task of
   *     its batch answered
   */
  Replica(
      ServedVersion served,
      BatchQueue<InferTask> queue,
      Runner runner,
      InlineCost cost,
      BiConsumer<Replica, Throwable> failed) {
    this.queue = queue;
    this.runner = runner;
    this.failed = failed;
    this.gpu = runner.sharedGpu();
    this.batch = new Batch<>(gpu);
    this.executor = new BatchExecutor(served, runner, cost, false);
  }

  /** The index of the GPU that it runs on; empty if it runs on cores. */
  OptionalInt gpu() {
    return gpu;
  }

  /** Completed when its runner is ready for runs, or will never be. */
  CompletableFuture<Void> attached() {
    return attached;
  }

  /**
   * Has it take batches, once it is attached and has done that.
   *
   * @return completed when it is about to take its first batch, or will never
   */
  CompletableFuture<Void> begin(First work) {
    first.complete(work);
    return begun;
  }

  /** Has it take batches, once it is attached. */
  void begin() {
    begin(runner -> {});
  }

  /** It will never run. */
  void abandon() {
    executor.leave();
    runner.close();
  }

  /** Runs batches until the queue is closed and empty, or the thread is interrupted. */
  @Override
  public void run() {
    try (runner) {
      runner.attach();
      attached.complete(null);
      first.join().run(runner);
      begun.complete(null);
      while (queue.take(batch)) {
        executor.execute(batch);
        batch.clear();
      }
    } catch (Throwable e) {
      // whatever it is, those who wait are to be told, and somebody else is to take its place
      end(e);
    } finally {
      executor.leave();
    }
  }

  private void end(Throwable cause) {
    try {
      executor.abandon(batch.items(), cause);
    } catch (Throwable e) {
      log.error("a batch could not be abandoned", e); // it has answered whom it could
    } finally {
      batch.end();
      failed.accept(this, cause);
      attached.completeExceptionally(cause);
      begun.completeExceptionally(cause);
    }
  }
}
