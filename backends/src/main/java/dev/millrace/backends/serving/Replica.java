// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.Runner;
import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;

/** One thread that pulls batches from a served version's queue and runs them. */
final class Replica implements Runnable {
  private final ServedVersion served;
  private final BatchQueue<InferTask> queue;
  private final Runner runner;
  private final BatchExecutor executor;
  private final Runnable attached;
  private final Batch<InferTask> batch;

  /**
   * @param attached called when it is about to take its first batch
   */
  Replica(
      ServedVersion served,
      BatchQueue<InferTask> queue,
      Runner runner,
      InlineCost cost,
      Runnable attached) {
    this.served = served;
    this.queue = queue;
    this.runner = runner;
    this.attached = attached;
    this.batch = new Batch<>(runner.sharedGpu());
    this.executor = new BatchExecutor(served, runner, cost, false);
  }

  /** Runs batches until the queue is closed and empty, or the thread is interrupted. */
  @Override
  public void run() {
    try (runner) {
      attach();
      while (queue.take(batch)) {
        executor.execute(batch);
        batch.clear();
      }
    } finally {
      executor.leave();
    }
  }

  private void attach() {
    try {
      runner.attach();
    } catch (ModelRunException e) {
      served.lost(e.device(), String.valueOf(e.getMessage()));
    } finally {
      attached.run();
    }
  }
}
