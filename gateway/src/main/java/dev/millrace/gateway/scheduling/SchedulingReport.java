// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import dev.millrace.backends.deployment.Deployment;
import dev.millrace.backends.deployment.DeploymentStatistics;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.Rejection;
import java.util.EnumMap;
import java.util.Map;

/**
 * How one version of a model is scheduled, at one moment.
 *
 * @param batching in words: whether requests share batches, and why not
 * @param maxBatchRows rows of a batch at most; 0 if requests run one at a time
 * @param replicas that there are; those that can be counted on are the queue's to say
 * @param queuedRows that wait now
 * @param queuedBytes of them
 * @param inFlight requests between admission and answer
 * @param rejections since the version was loaded, by reason
 */
public record SchedulingReport(
    String model,
    long version,
    String batching,
    int maxBatchRows,
    int replicas,
    int queuedRows,
    long queuedBytes,
    int inFlight,
    Map<Rejection, Long> rejections,
    QueueReport queue) {

  /** Of a deployment, now. */
  public static SchedulingReport of(Deployment deployment) {
    DeploymentStatistics.Snapshot statistics = deployment.statistics().snapshot();
    Map<Rejection, Long> rejections = new EnumMap<>(Rejection.class);
    rejections.putAll(statistics.rejections());
    return new SchedulingReport(
        deployment.name(),
        deployment.version(),
        deployment.describeBatching(),
        deployment.signature().maxBatchSize(),
        deployment.replicaCount(),
        deployment.queuedRows(),
        deployment.queuedBytes(),
        deployment.inFlight(),
        rejections,
        deployment.scheduling());
  }
}
