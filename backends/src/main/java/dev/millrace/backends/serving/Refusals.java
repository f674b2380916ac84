// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Pushback;
import dev.millrace.batching.Rejection;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Says why a served version turns a request away, and when its caller may come again. Asked for
 * every request that is turned away, so quickly: of all times an overload is the worst. Any thread.
 */
final class Refusals {
  private final String name;
  private final ModelManifest manifest;
  private final BatchQueue<InferTask> queue;
  private final LongSupplier nanoClock;
  private final DoubleSupplier random;

  /**
   * @param random 0 to 1: those who are refused together are not to come back together
   */
  Refusals(
      String name,
      ModelManifest manifest,
      BatchQueue<InferTask> queue,
      LongSupplier nanoClock,
      DoubleSupplier random) {
    this.name = name;
    this.manifest = manifest;
    this.queue = queue;
    this.nanoClock = nanoClock;
    this.random = random;
  }

  Failure of(Rejection rejection, InferTask task) {
    return switch (rejection) {
      case QUEUE_ROWS ->
          overloaded(
              task,
              queue.queuedRows()
                  + " rows wait (limit "
                  + manifest.limits().maxQueuedRows()
                  + ", max_queued_rows)");
      case QUEUE_BYTES ->
          overloaded(
              task,
              queue.queuedBytes()
                  + " bytes wait (limit "
                  + manifest.limits().maxQueuedBytes()
                  + ", max_queued_bytes)");
      case RING_FULL -> overloaded(task, "requests arrive faster than they can be queued");
      case QUEUE_REQUESTS -> queueFull(task);
      case INFEASIBLE -> infeasible(task);
      case OVERLOAD -> overload(task);
      case TIMED_OUT -> timedOut(task);
      case EXPIRED ->
          new Failure(Failure.Kind.EXPIRED, "deadline passed in the queue of model '" + name + "'");
      case CLOSED ->
          new Failure(Failure.Kind.SHUTTING_DOWN, "model '" + name + "' is being unloaded");
    };
  }

  private Failure overloaded(InferTask task, String detail) {
    return new Failure(
        Failure.Kind.OVERLOADED, "model '" + name + "': " + detail, retryAfterNanos(task));
  }

  private Failure queueFull(InferTask task) {
    if (isTriton()) {
      return turnedAway(task, "Exceeds maximum queue size");
    }
    int limit = manifest.scheduling().policyOf(task.priority() + 1).maxQueueSize();
    return overloaded(task, limit + " requests wait (limit " + limit + ", max_queue_size)");
  }

  private Failure timedOut(InferTask task) {
    return isTriton()
        ? turnedAway(task, "Request timeout expired")
        : new Failure(
            Failure.Kind.EXPIRED,
            "model '"
                + name
                + "': not started within "
                + millis(task.startByNanos() - task.arrivalNanos())
                + ", its timeout");
  }

  private Failure turnedAway(InferTask task, String tritonsWords) {
    return new Failure(Failure.Kind.TURNED_AWAY, tritonsWords, retryAfterNanos(task));
  }

  private boolean isTriton() {
    return manifest.scheduling().mode() == Mode.TRITON;
  }

  private Failure infeasible(InferTask task) {
    return overloaded(
        task,
        millis(task.deadlineNanos() - nanoClock.getAsLong())
            + " to the deadline (a run takes "
            + millis(runNanos(task))
            + ")");
  }

  private Failure overload(InferTask task) {
    String backlog = "work for " + millis(queue.backlogNanos(task.rowSize())) + " waits";
    if (task.deadlineNanos() == Long.MAX_VALUE) {
      long limit = manifest.scheduling().maxQueueNanos();
      return overloaded(task, backlog + " (limit " + millis(limit) + ", max_queue_time)");
    }
    long left = task.deadlineNanos() - nanoClock.getAsLong();
    return overloaded(
        task,
        "more is asked for than can be answered in time: "
            + backlog
            + " ("
            + millis(left)
            + " to the deadline)");
  }

  /** When what waits now has been served, more or less; or never, if that is too late. */
  private long retryAfterNanos(InferTask task) {
    long pause = Pushback.nanos(queue.backlogNanos(task.rowSize()), random.getAsDouble());
    long until = task.callerDeadlineNanos();
    return until != Long.MAX_VALUE && until - nanoClock.getAsLong() < pause + runNanos(task)
        ? Failure.NOT_AGAIN
        : pause;
  }

  private long runNanos(InferTask task) {
    return queue.expectedNanos(task.rowSize(), Math.max(1, task.rows()));
  }

  /** With one digit after the point. */
  private static String millis(long nanos) {
    long tenths = Math.max(0, nanos / 100_000);
    return tenths / 10 + "." + tenths % 10 + " ms";
  }
}
