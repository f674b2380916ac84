// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.Tally;
import io.prometheus.client.Collector;
import java.util.List;

/**
 * Reads the served versions' own statistics when Prometheus asks: serving a request touches no
 * metrics library.
 */
public final class ServingCollector extends Collector {
  private final VersionMetrics versions;
  private final Tally<Failure.Kind> unrouted;

  public ServingCollector(VersionMetrics versions, Tally<Failure.Kind> unrouted) {
    this.versions = versions;
    this.unrouted = unrouted;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    PrometheusSamples samples = new PrometheusSamples();
    versions.write(samples);
    unrouted
        .snapshot()
        .forEach((kind, count) -> samples.add(Metric.UNROUTED, List.of(Labels.word(kind)), count));
    return samples.families();
  }
}
