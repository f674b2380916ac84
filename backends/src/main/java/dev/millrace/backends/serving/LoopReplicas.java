// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Failure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas that live on one event loop, one for each served version that is called there.
 * Requests of a round, which is all that the loop has read before it comes to its tasks, are queued
 * first and run together at its end. A batch that is full before that runs at once: under load a
 * round has thousands of requests, which would fill the queue, and leave the caches, before its
 * end.
 *
 * <p>Owned by the loop, except {@link #callBack}.
 */
public final class LoopReplicas implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(LoopReplicas.class);

  /** How long the models of a round may take together, before the loop reads again. */
  private static final long MODELS_NANOS = 2_000_000;

  private final int loop;
  private final Executor executor;
  private final ArrayList<InlineReplica> round = new ArrayList<>();

  /**
   * @param loop the loop's number; below 0 for a thread that is no event loop
   * @param executor runs a task on the loop after what the loop has read
   */
  public LoopReplicas(int loop, Executor executor) {
    this.loop = loop;
    this.executor = executor;
  }

  /**
   * Queues a task, or answers it at once if it cannot be queued, for whatever reason. Never blocks.
   * The task's lease is the task's from here on.
   */
  public void submit(InferTask task) {
    ServedVersion served = task.served();
    try {
      queue(task, served);
    } catch (RuntimeException | Error e) {
      log.error("a request of model '{}' could not be queued", served.name(), e);
      task.refuse(
          new Failure(
              Failure.Kind.ENGINE,
              "the request could not be queued for model '%s': %s".formatted(served.name(), e)));
      served.leftWaiting(); // it may be in the queue: what is settled is swept out of it
    }
  }

  private void queue(InferTask task, ServedVersion served) {
    InlineReplica replica = loop < 0 ? null : served.inlineReplica(loop, this);
    if (replica == null || !replica.submit(task)) {
      served.submit(task);
      return;
    }
    enlist(replica);
  }

  /** Has a replica of this loop look at its queue once more. Any thread. */
  void callBack(InlineReplica replica) {
    try {
      executor.execute(() -> enlist(replica));
    } catch (RuntimeException e) {
      log.debug("no further round", e); // the loop is ending
      replica.leaveToThreads();
    }
  }

  private void enlist(InlineReplica replica) {
    if (!replica.listed) {
      round.add(replica);
      replica.listed = true;
      if (round.size() == 1) {
        endRoundLater();
      }
    }
    if (replica.isBatchFull()) {
      run(replica, InlineReplica::runFullBatch);
    }
  }

  private void endRoundLater() {
    try {
      executor.execute(this);
    } catch (RuntimeException | Error e) {
      // the loop is ending: its round never will
      log.debug("no end of a round", e);
      for (InlineReplica replica : round) {
        replica.listed = false;
        replica.leaveToThreads();
      }
      round.clear();
    }
  }

  /** The end of a round. */
  @Override
  public void run() {
    // what is submitted meanwhile (by answers that are sent) belongs to the next round
    InlineReplica[] replicas = round.toArray(InlineReplica[]::new);
    round.clear();
    long begin = replicas.length > 1 ? replicas[0].nanoTime() : 0;
    for (int i = 0; i < replicas.length; i++) {
      if (i > 0 && replicas[i].nanoTime() - begin > MODELS_NANOS) {
        runLater(Arrays.asList(replicas).subList(i, replicas.length));
        return;
      }
      replicas[i].listed = false;
      run(replicas[i], InlineReplica::runRound);
    }
  }

  /** Many models: the loop looks at its connections before it goes on. */
  private void runLater(List<InlineReplica> rest) {
    boolean ending = !round.isEmpty();
    round.addAll(rest);
    if (!ending) {
      endRoundLater();
    }
  }

  private static void run(InlineReplica replica, Consumer<InlineReplica> work) {
    try {
      work.accept(replica);
    } catch (RuntimeException | Error e) {
      // no memory for a runner, say: that is no reason to leave the requests lying
      log.error("a batch on an event loop failed", e);
      replica.leaveToThreads();
    }
  }
}
