// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.Runner;
import dev.millrace.batching.BatchQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The replicas of a served version on event loops: one for each loop, made and used by it. */
final class InlineReplicas {
  private final ServedVersion served;
  private final LoadedModel model;
  private final BatchQueue<InferTask> queue;
  private final InlineCost cost;
  private final AtomicReferenceArray<@Nullable InlineReplica> byLoop;

  /** Runners that were made before their loop asked for one; null once it has. */
  private final AtomicReferenceArray<@Nullable Runner> prepared;

  InlineReplicas(
      ServedVersion served,
      LoadedModel model,
      BatchQueue<InferTask> queue,
      InlineCost cost,
      int eventLoops) {
    this.served = served;
    this.model = model;
    this.queue = queue;
    this.cost = cost;
    this.byLoop = new AtomicReferenceArray<>(eventLoops);
    this.prepared = new AtomicReferenceArray<>(eventLoops);
  }

  /** That of an event loop; to be called there. */
  InlineReplica of(int loop, LoopReplicas ofLoop) {
    InlineReplica replica = byLoop.get(loop);
    if (replica == null) {
      replica = new InlineReplica(served, ofLoop, () -> runner(loop), queue, cost);
      byLoop.set(loop, replica);
    }
    return replica;
  }

  private Runner runner(int loop) {
    Runner runner = prepared.getAndSet(loop, null);
    return runner == null ? model.newRunner() : runner;
  }

  /** Whether that loop has run batches. */
  boolean isUsed(int loop) {
    InlineReplica replica = loop < byLoop.length() ? byLoop.get(loop) : null;
    return replica != null && replica.isUsed();
  }

  /**
   * Has runners ready for the loops that are about to need one, so that their first batch does not
   * wait for memory and bindings. Before the first request, by whoever loads.
   *
   * @param warmRunner makes one
   */
  void prepare(IntPredicate needed, Supplier<Runner> warmRunner) {
    for (int loop = 0; loop < prepared.length(); loop++) {
      if (needed.test(loop) && prepared.get(loop) == null) {
        prepared.set(loop, warmRunner.get());
      }
    }
  }

  /** Once no loop uses them any more. */
  void close() {
    forEach(InlineReplica::close);
    for (int loop = 0; loop < prepared.length(); loop++) {
      Runner runner = prepared.getAndSet(loop, null);
      if (runner != null) {
        runner.close();
      }
    }
  }

  void forEach(Consumer<InlineReplica> action) {
    for (int loop = 0; loop < byLoop.length(); loop++) {
      InlineReplica replica = byLoop.get(loop);
      if (replica != null) {
        action.accept(replica);
      }
    }
  }
}
