// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Fairness;
import dev.millrace.batching.QueueLimits;
import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.SlackPull;
import dev.millrace.batching.policy.TritonPolicy;
import java.util.List;
import java.util.function.LongSupplier;

/** Makes the queue of a served version out of its configuration. */
final class TaskQueues {
  /** Enough for a burst from every event loop while all replicas are inside a run. */
  private static final int RING_SLOTS = 4096;

  private TaskQueues() {}

  static BatchQueue<InferTask> of(
      ModelSignature signature, ModelManifest manifest, Fairness fairness, LongSupplier nanoClock) {
    Scheduling scheduling = manifest.scheduling();
    return new BatchQueue<>(
        new QueueLimits(
            maxBatchRows(signature, scheduling),
            manifest.limits().maxQueuedRows(),
            manifest.limits().maxQueuedBytes(),
            RING_SLOTS,
            scheduling.maxQueueNanos()),
        fairness,
        policy(scheduling),
        nanoClock);
  }

  /**
   * Tells a queue what batches cost, before anybody takes one.
   *
   * @param timings what they took at the warm-up
   */
  static void seed(
      BatchQueue<InferTask> queue,
      List<WarmUp.Timing> timings,
      ModelManifest manifest,
      ModelSignature signature) {
    int maxBatchRows = maxBatchRows(signature, manifest.scheduling());
    for (WarmUp.Timing timing : timings) {
      if (timing.rows() <= maxBatchRows) {
        queue.seed(timing.rowSize(), timing.rows(), timing.nanos());
      }
    }
  }

  /** One request a run is also what its costs are learned for. */
  private static int maxBatchRows(ModelSignature signature, Scheduling scheduling) {
    return scheduling.mode() == Scheduling.Mode.NONE ? 1 : Math.max(1, signature.maxBatchSize());
  }

  private static BatchPolicy policy(Scheduling scheduling) {
    return switch (scheduling.mode()) {
      case AUTO -> new SlackPull();
      case TRITON ->
          new TritonPolicy(
              scheduling.batching().preferredRows().stream().mapToInt(rows -> rows).toArray(),
              scheduling.batching().queueDelayNanos());
      case NONE -> BatchPolicy.none();
    };
  }
}
