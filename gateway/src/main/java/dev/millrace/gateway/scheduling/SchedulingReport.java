// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.ServingStatistics;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.Rejection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * How one version of a model is scheduled, at one moment.
 *
 * @param batching in words: whether requests share batches, and why not
 * @param maxBatchRows rows of a batch at most; 0 if requests run one at a time
 * @param replicas that there are; those that can be counted on are the queue's to say
 * @param devices what it runs on, as it is written
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
    List<String> devices,
    int queuedRows,
    long queuedBytes,
    int inFlight,
    Map<Rejection, Long> rejections,
    QueueReport queue) {

  /** Of a served version, now. */
  public static SchedulingReport of(ServedVersion served) {
    ServingStatistics.Snapshot statistics = served.statistics().snapshot();
    Map<Rejection, Long> rejections = new EnumMap<>(Rejection.class);
    rejections.putAll(statistics.rejections());
    return new SchedulingReport(
        served.name(),
        served.version(),
        served.describeBatching(),
        served.signature().maxBatchSize(),
        served.replicaCount(),
        served.devices().stream().map(Device::toString).toList(),
        served.queuedRows(),
        served.queuedBytes(),
        served.inFlight(),
        rejections,
        served.scheduling());
  }
}
