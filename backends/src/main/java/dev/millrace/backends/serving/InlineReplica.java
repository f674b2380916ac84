// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Runner;
import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Rejection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A served version's replica on one event loop: the loop that has just queued a round of requests
 * takes the batch itself and writes the answers it holds the connections of. No thread is woken.
 *
 * <p>Only for batches that cost little: others wait on that loop, and other models' requests too.
 * What costs more, or would make a round long, is left to the replica threads.
 *
 * <p>Owned by its loop, except {@link #callBack}, which is the janitor's, and {@link #close}, which
 * comes when no lease is out.
 */
final class InlineReplica {
  /** How long a loop may keep at it before it looks at its connections again. */
  private static final long ROUND_NANOS = 500_000;

  /**
   * Where rows of several shapes wait, or each runs alone, nothing is full before many of them do.
   */
  private static final int MANY_ROWS = 1024;

  private final ServedVersion served;
  private final LoopReplicas replicas;
  private final Supplier<Runner> newRunner;
  private final BatchQueue<InferTask> queue;
  private final InlineCost cost;
  private final Batch<InferTask> batch = new Batch<>();
  private final int maxBatchRows;
  private final int fullRows;

  /** Made when it is first needed: most models of many are called from few loops. */
  private volatile @Nullable Runner runner;

  private @Nullable BatchExecutor executor;

  /** Whether the loop has this replica on its list for the end of the round. */
  boolean listed;

  /** Whether a round has ended without what was queued, because another thread led. */
  private volatile boolean turnedAway;

  /**
   * @param newRunner makes its own, or gives it one that is warm
   */
  InlineReplica(
      ServedVersion served,
      LoopReplicas replicas,
      Supplier<Runner> newRunner,
      BatchQueue<InferTask> queue,
      InlineCost cost) {
    this.served = served;
    this.replicas = replicas;
    this.newRunner = newRunner;
    this.queue = queue;
    this.cost = cost;
    this.maxBatchRows = Math.max(1, served.signature().maxBatchSize());
    this.fullRows =
        served.checker().hasOneRowShape() ? maxBatchRows : Math.max(maxBatchRows, MANY_ROWS);
  }

  /** Queues a task for the end of the round; false if the replica threads are to run it. */
  boolean submit(InferTask task) {
    if (!cost.isSmall(task.bytes())) {
      return false;
    }
    Rejection rejection = served.enter(task);
    if (rejection == null) {
      rejection = queue.offerQuietly(task, task.arrivalNanos());
    }
    if (rejection != null) {
      task.reject(rejection);
    }
    return true;
  }

  /** Whether it has run batches, or was about to. Any thread. */
  boolean isUsed() {
    return runner != null;
  }

  /** Whether enough waits for the largest batch, so that nothing is gained by waiting longer. */
  boolean isBatchFull() {
    return queue.queuedRows() >= fullRows;
  }

  /** Runs one batch within the round, or has the replica threads do it. */
  void runFullBatch() {
    if (cost.isSmall(nextBatchBytes())) {
      runBatch();
    } else {
      leaveToThreads();
    }
  }

  /** Runs a batch if there is one to be had; else answers false. */
  private boolean runBatch() {
    BatchExecutor executor = executor(); // first: what is claimed has to be run
    if (executor == null) {
      leaveToThreads();
      return false;
    }
    if (!queue.tryTake(batch)) {
      if (queue.queuedRows() > 0) {
        turnedAway = true;
        served.leftWaiting();
      }
      return false;
    }
    executor.execute(batch);
    batch.clear();
    return true;
  }

  /** The end of a round: runs what is queued, or leaves it to the threads. */
  void runRound() {
    long begin = served.nanoTime();
    while (cost.isSmall(nextBatchBytes())) {
      if (!runBatch()) {
        return;
      }
      if (served.nanoTime() - begin > ROUND_NANOS) {
        break;
      }
    }
    if (queue.queuedRows() > 0) {
      leaveToThreads();
    }
  }

  long nanoTime() {
    return served.nanoTime();
  }

  /** Has the replica threads see to what is queued. */
  void leaveToThreads() {
    queue.wake();
    if (queue.queuedRows() > 0) {
      served.leftWaiting();
    }
  }

  /**
   * A sweep has left items to nobody: if this replica was turned away, which may have been by the
   * sweep, it comes again.
   */
  void callBack() {
    if (turnedAway) {
      turnedAway = false;
      replicas.callBack(this);
    }
  }

  private long nextBatchBytes() {
    int rows = queue.queuedRows();
    long bytes = queue.queuedBytes();
    return rows <= maxBatchRows ? bytes : bytes / rows * maxBatchRows;
  }

  /**
   * Leased while it is made: what this loop has queued may have been run elsewhere, and the model
   * be about to be freed. Null if it is on its way out.
   */
  private @Nullable BatchExecutor executor() {
    if (executor == null && served.acquire()) {
      try {
        Runner made = newRunner.get();
        runner = made;
        executor = new BatchExecutor(served, made, cost, true);
      } finally {
        served.release();
      }
    }
    return executor;
  }

  void close() {
    Runner made = runner;
    if (made != null) {
      made.close();
    }
  }
}
