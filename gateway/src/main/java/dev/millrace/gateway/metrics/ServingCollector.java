// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.MemoryLedger;
import dev.millrace.backends.serving.Tally;
import io.prometheus.client.Collector;
import java.util.List;

/**
 * Reads the served versions' own statistics when Prometheus asks: serving a request touches no
 * metrics library.
 */
public final class ServingCollector extends Collector {
  private final VersionMetrics versions;
  private final MemoryLedger memory;
  private final Tally<Failure.Kind> unrouted;

  public ServingCollector(
      VersionMetrics versions, MemoryLedger memory, Tally<Failure.Kind> unrouted) {
    this.versions = versions;
    this.memory = memory;
    this.unrouted = unrouted;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    PrometheusSamples samples = new PrometheusSamples();
    versions.write(samples);
    samples.add(Metric.MEMORY_BUDGET_BYTES, List.of(), memory.budgetBytes());
    samples.add(Metric.MEMORY_RESERVED_BYTES, List.of(), memory.reservedBytes());
    samples.add(Metric.MEMORY_REFUSALS, List.of(), memory.refusals());
    unrouted
        .snapshot()
        .forEach((kind, count) -> samples.add(Metric.UNROUTED, List.of(Labels.word(kind)), count));
    return samples.families();
  }
}
