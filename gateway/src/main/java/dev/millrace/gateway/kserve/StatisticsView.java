// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.ServingStatistics.BatchSize;
import dev.millrace.backends.serving.ServingStatistics.Snapshot;
import dev.millrace.proto.inference.InferBatchStatistics;
import dev.millrace.proto.inference.InferStatistics;
import dev.millrace.proto.inference.ModelStatistics;
import dev.millrace.proto.inference.StatisticDuration;

/** A served version's statistics in the protocol's message. */
final class StatisticsView {
  private StatisticsView() {}

  static ModelStatistics of(ServedVersion served) {
    Snapshot s = served.statistics().snapshot();
    ModelStatistics.Builder message =
        ModelStatistics.newBuilder()
            .setName(served.name())
            .setVersion(Long.toString(served.version()))
            .setLastInference(s.lastInferenceMillis())
            .setInferenceCount(s.rows())
            .setExecutionCount(s.batches())
            .setInferenceStats(
                InferStatistics.newBuilder()
                    .setSuccess(duration(s.requests(), s.requestNanos()))
                    // what failed took no time that is worth adding up: most of it never ran
                    .setFail(duration(s.failed(), 0))
                    .setQueue(duration(s.requests(), s.queueNanos()))
                    .setComputeInput(duration(s.requests(), s.gatherNanos()))
                    .setComputeInfer(duration(s.requests(), s.runNanos()))
                    .setComputeOutput(duration(s.requests(), s.scatterNanos())));
    for (BatchSize size : s.byBatchSize()) {
      message.addBatchStats(
          InferBatchStatistics.newBuilder()
              .setBatchSize(size.rows())
              .setComputeInput(duration(size.batches(), size.gatherNanos()))
              .setComputeInfer(duration(size.batches(), size.runNanos()))
              .setComputeOutput(duration(size.batches(), size.scatterNanos())));
    }
    return message.build();
  }

  private static StatisticDuration duration(long count, long nanos) {
    return StatisticDuration.newBuilder().setCount(count).setNs(nanos).build();
  }
}
