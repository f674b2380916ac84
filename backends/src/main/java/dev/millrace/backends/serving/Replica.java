// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Runner;
import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;

/** One thread that pulls batches from a served version's queue and runs them. */
final class Replica implements Runnable {
  private final BatchQueue<InferTask> queue;
  private final Runner runner;
  private final BatchExecutor executor;
  private final Batch<InferTask> batch;

  Replica(ServedVersion served, BatchQueue<InferTask> queue, Runner runner, InlineCost cost) {
    this.queue = queue;
    this.runner = runner;
    this.batch = new Batch<>(runner.sharedGpu());
    this.executor = new BatchExecutor(served, runner, cost, false);
  }

  /** Runs batches until the queue is closed and empty, or the thread is interrupted. */
  @Override
  public void run() {
    try (runner) {
      while (queue.take(batch)) {
        executor.execute(batch);
        batch.clear();
      }
    } finally {
      executor.leave();
    }
  }
}
