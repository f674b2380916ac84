// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.batching.BatchQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The replicas of a served version on event loops: one for each loop, made and used by it. */
final class InlineReplicas {
  private final ServedVersion served;
  private final LoadedModel model;
  private final BatchQueue<InferTask> queue;
  private final InlineCost cost;
  private final AtomicReferenceArray<@Nullable InlineReplica> byLoop;

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
  }

  /** That of an event loop; to be called there. */
  InlineReplica of(int loop, LoopReplicas ofLoop) {
    InlineReplica replica = byLoop.get(loop);
    if (replica == null) {
      replica = new InlineReplica(served, ofLoop, model, queue, cost);
      byLoop.set(loop, replica);
    }
    return replica;
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
