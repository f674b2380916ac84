// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.Runner.RunTimes;
import dev.millrace.batching.Batch;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs claimed batches of a served version and hands the answers to their event loops. Owned by one
 * thread at a time.
 *
 * <p>A batch of several that fails is halved until the rows that cannot be run stand alone: only
 * they fail. At worst that is two runs a row, paid by a batch that would have been lost otherwise.
 * A batch whose run was terminated fails as a whole: its halves would hang one after the other; and
 * so does one whose device is lost.
 */
final class BatchExecutor {
  private static final Logger log = LoggerFactory.getLogger(BatchExecutor.class);

  private final ServedVersion served;
  private final Runner runner;
  private final InlineCost cost;
  private final RunWatch watch;
  private final ArrayList<InferTask> answered = new ArrayList<>();
  private final ArrayList<CompletionSink> sinks = new ArrayList<>();

  /**
   * @param runner used by this executor only, and closed by its owner
   * @param onEventLoop whether the thread is an event loop
   */
  BatchExecutor(ServedVersion served, Runner runner, InlineCost cost, boolean onEventLoop) {
    this.served = served;
    this.runner = runner;
    this.cost = cost;
    this.watch = served.watchRunsOf(runner, onEventLoop);
  }

  /** After the last batch. */
  void leave() {
    served.unwatch(watch);
  }

  /** Runs a batch and answers each of its tasks, whatever happens. */
  void execute(Batch<InferTask> batch) {
    List<InferTask> tasks = batch.items();
    try {
      long doneNanos = execute(tasks, batch.takenNanos(), batch.takenNanos());
      if (doneNanos > 0) {
        batch.ran(doneNanos - batch.takenNanos());
      }
    } catch (Throwable e) {
      // an exception that escaped would cost a queue its reader and these their answers
      log.error("a batch of {} was lost", served, e);
      abandon(tasks, e);
    }
  }

  /** Answers those that have no answer yet, whatever happens to one of them. */
  void abandon(List<InferTask> tasks, Throwable cause) {
    answered.clear();
    for (InferTask task : tasks) {
      try {
        if (!task.isDone()) {
          fail(task, cause);
        }
      } catch (RuntimeException | Error e) {
        log.error("a request of {} was not answered", served, e);
      }
      leave(task);
    }
    flush();
  }

  /**
   * @param takenNanos when the batch was closed that these are of
   * @return when the answers were ready; 0 if the run failed, whatever became of its parts
   */
  private long execute(List<InferTask> tasks, long takenNanos, long nowNanos) {
    int rows = 0;
    long bytes = 0;
    long latestDeadlineNanos = nowNanos;
    for (InferTask task : tasks) {
      rows += task.rows();
      bytes += task.bytes();
      if (task.deadlineNanos() != Long.MAX_VALUE) {
        latestDeadlineNanos = Math.max(latestDeadlineNanos, task.deadlineNanos());
      }
    }
    OutputTensor[] outputs;
    try {
      watch.begin(nowNanos, latestDeadlineNanos, cost.expectedNanos(bytes));
      try {
        served.runBegan();
        outputs = runner.run(tasks, rows);
      } finally {
        watch.end();
      }
      if (served.signature().isBatched()) {
        checkRows(outputs, rows);
      }
    } catch (Throwable e) {
      if (watch.lastTerminatedNanos() > 0) {
        giveUp(tasks);
      } else if (!mayHalvesFit(e, rows)) {
        tasks.forEach(task -> fail(task, e));
      } else if (tasks.size() > 1) {
        int half = tasks.size() / 2;
        execute(tasks.subList(0, half), takenNanos, served.nanoTime());
        execute(tasks.subList(half, tasks.size()), takenNanos, served.nanoTime());
      } else {
        fail(tasks.get(0), e);
      }
      return 0;
    }
    RunTimes times = runner.lastTimes();
    cost.ran(bytes, times.gatherNanos() + times.runNanos());
    return scatter(tasks, rows, outputs, takenNanos, times);
  }

  /** Tells the served version what a failure says of its device; whether to try less at once. */
  private boolean mayHalvesFit(Throwable failure, int rows) {
    if (failure instanceof ModelRunException run) {
      switch (run.fault()) {
        case NONE -> {}
        case OUT_OF_MEMORY -> served.didNotFit(rows);
        case DEVICE_LOST -> {
          served.lost(run.device(), String.valueOf(run.getMessage()));
          return false;
        }
      }
    }
    return true;
  }

  private void checkRows(OutputTensor[] outputs, int rows) throws ModelRunException {
    for (int i = 0; i < outputs.length; i++) {
      long[] shape = outputs[i].shape();
      if (shape.length == 0 || shape[0] != rows) {
        throw new ModelRunException(
            "output '%s': %s rows (expected %d)"
                .formatted(
                    served.signature().outputs().get(i).name(),
                    shape.length == 0 ? "no" : shape[0],
                    rows),
            null);
      }
    }
  }

  private long scatter(
      List<InferTask> tasks, int rows, OutputTensor[] outputs, long takenNanos, RunTimes times) {
    boolean batched = served.signature().isBatched();
    int row = 0;
    for (InferTask task : tasks) {
      if (task.succeed(outputs, batched ? row : 0)) {
        answered.add(task);
      }
      row += task.rows();
    }
    long doneNanos = served.executed(answered, rows, takenNanos, times);
    List<Mirror> mirrors = served.mirrors();
    if (!mirrors.isEmpty()) {
      mirror(mirrors, tasks, rows, outputs);
    }
    answered.clear();
    runner.release();
    for (InferTask task : tasks) {
      leave(task);
    }
    flush();
    return doneNanos;
  }

  /** Shows what was answered to those who may run a copy of it; the answers leave first. */
  private void mirror(
      List<Mirror> mirrors, List<InferTask> tasks, int rows, OutputTensor[] outputs) {
    answered.forEach(task -> flushLater(task.sink()));
    flush();
    boolean batched = served.signature().isBatched();
    int row = 0;
    int next = 0;
    for (InferTask task : tasks) {
      if (next < answered.size() && answered.get(next).equals(task)) {
        next++;
        for (Mirror mirror : mirrors) {
          mirror.offer(task, outputs, batched ? row : 0, rows);
        }
      }
      row += task.rows();
    }
  }

  /** The run of these was terminated. */
  private void giveUp(List<InferTask> tasks) {
    Failure failure =
        new Failure(
            Failure.Kind.ENGINE,
            "the engine did not answer within " + RunWatch.show(watch.lastTerminatedNanos()));
    Failure late =
        new Failure(
            Failure.Kind.EXPIRED,
            "deadline passed in a run of model '" + served.name() + "' that did not end");
    long now = served.nanoTime();
    for (InferTask task : tasks) {
      task.fail(now >= task.deadlineNanos() ? late : failure);
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
      log.error("engine of {} failed", served, cause);
    }
    task.fail(new Failure(kind, message));
    leave(task);
    flush();
  }

  private void leave(InferTask task) {
    flushLater(task.sink());
    task.release();
  }

  private void flushLater(CompletionSink sink) {
    if (!sinks.contains(sink)) { // a handful of event loops at most
      sinks.add(sink);
    }
  }

  private void flush() {
    try {
      for (CompletionSink sink : sinks) {
        sink.flush();
      }
    } finally {
      sinks.clear();
    }
  }
}
