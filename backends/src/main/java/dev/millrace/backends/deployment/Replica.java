// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that pulls batches from a deployment's queue, runs them and hands the answers to their
 * event loops.
 *
 * <p>A batch of several that fails is halved until the rows that cannot be run stand alone: only
 * they fail. At worst that is two runs a row, paid by a batch that would have been lost otherwise.
 */
final class Replica implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Replica.class);

  private final Deployment deployment;
  private final BatchQueue<InferTask> queue;
  private final Runner runner;
  private final Batch<InferTask> batch = new Batch<>();
  private final ArrayList<InferTask> answered = new ArrayList<>();
  private final ArrayList<CompletionSink> sinks = new ArrayList<>();

  Replica(Deployment deployment, BatchQueue<InferTask> queue, Runner runner) {
    this.deployment = deployment;
    this.queue = queue;
    this.runner = runner;
  }

  /** Runs batches until the queue is closed and empty. */
  @Override
  public void run() {
    try (runner) {
      while (queue.take(batch)) {
        try {
          execute(batch.items(), batch.takenNanos());
        } catch (Throwable e) {
          // a replica that died would leave its queue without a reader and these without an answer
          log.error("a batch of {} was lost", deployment, e);
          abandon(batch.items(), e);
        }
        batch.clear();
      }
    }
  }

  private void abandon(List<InferTask> tasks, Throwable cause) {
    answered.clear();
    for (InferTask task : tasks) {
      if (!task.isDone()) {
        fail(task, cause);
      }
      leave(task);
    }
    flush();
  }

  private void execute(List<InferTask> tasks, long takenNanos) {
    int rows = 0;
    for (InferTask task : tasks) {
      rows += task.rows();
    }
    OutputTensor[] outputs;
    try {
      outputs = runner.run(tasks, rows);
      if (deployment.signature().isBatched()) {
        checkRows(outputs, rows);
      }
    } catch (Throwable e) {
      if (tasks.size() > 1) {
        int half = tasks.size() / 2;
        execute(tasks.subList(0, half), takenNanos);
        execute(tasks.subList(half, tasks.size()), takenNanos);
      } else {
        fail(tasks.get(0), e);
      }
      return;
    }
    scatter(tasks, rows, outputs, takenNanos);
  }

  private void checkRows(OutputTensor[] outputs, int rows) throws ModelRunException {
    for (int i = 0; i < outputs.length; i++) {
      long[] shape = outputs[i].shape();
      if (shape.length == 0 || shape[0] != rows) {
        throw new ModelRunException(
            "output '%s': %s rows (expected %d)"
                .formatted(
                    deployment.signature().outputs().get(i).name(),
                    shape.length == 0 ? "no" : shape[0],
                    rows),
            null);
      }
    }
  }

  private void scatter(List<InferTask> tasks, int rows, OutputTensor[] outputs, long takenNanos) {
    boolean batched = deployment.signature().isBatched();
    int row = 0;
    for (InferTask task : tasks) {
      if (task.succeed(outputs, batched ? row : 0)) {
        answered.add(task);
      }
      row += task.rows();
    }
    deployment.executed(answered, rows, takenNanos, runner.lastTimes());
    answered.clear();
    runner.release();
    for (InferTask task : tasks) {
      leave(task);
    }
    flush();
  }

  private void fail(InferTask task, Throwable cause) {
    String message = cause.getMessage() != null ? cause.getMessage() : cause.toString();
    Failure.Kind kind = Failure.Kind.ENGINE;
    if (cause instanceof ModelRunException known) {
      kind = known.kind();
    } else {
      log.error("engine of {} failed", deployment, cause);
    }
    task.fail(new Failure(kind, message));
    leave(task);
    flush();
  }

  private void leave(InferTask task) {
    CompletionSink sink = task.sink();
    if (!sinks.contains(sink)) { // a handful of event loops at most
      sinks.add(sink);
    }
    task.release();
  }

  private void flush() {
    for (CompletionSink sink : sinks) {
      sink.flush();
    }
    sinks.clear();
  }
}
