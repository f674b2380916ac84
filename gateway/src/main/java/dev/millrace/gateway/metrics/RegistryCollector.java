// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.remote.ContentCache;
import dev.millrace.backends.remote.RemoteRepository;
import dev.millrace.backends.remote.RemoteStatistics.Snapshot;
import dev.millrace.backends.serving.Tally;
import dev.millrace.gateway.hooks.HookOutcome;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads, when Prometheus asks, how registries on other machines and the cache of them are. */
public final class RegistryCollector extends Collector {
  private static final double NANOS = 1e9;

  private final List<RemoteRepository> registries;
  private final Optional<ContentCache> cache;
  private final Tally<HookOutcome> hooks;

  public RegistryCollector(
      List<RemoteRepository> registries, Optional<ContentCache> cache, Tally<HookOutcome> hooks) {
    this.registries = List.copyOf(registries);
    this.cache = cache;
    this.hooks = hooks;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<MetricFamilySamples> families = new ArrayList<>();
    cache.ifPresent(
        there -> {
          families.add(gauge(Metric.CACHE_BYTES).addMetric(List.of(), (double) there.bytes()));
          families.add(
              gauge(Metric.CACHE_LIMIT_BYTES).addMetric(List.of(), (double) there.maxBytes()));
        });
    addRegistries(families);
    CounterMetricFamily outcomes = counter(Metric.MLFLOW_HOOKS);
    hooks
        .snapshot()
        .forEach(
            (outcome, count) ->
                outcomes.addMetric(List.of(outcome.name().toLowerCase(Locale.ROOT)), count));
    families.add(outcomes);
    return families;
  }

  private void addRegistries(List<MetricFamilySamples> families) {
    // a bucket may be served as a whole and deployed from as well
    Map<String, Snapshot> byLocation = new TreeMap<>();
    for (RemoteRepository registry : registries) {
      byLocation.merge(registry.location(), registry.statistics(), Snapshot::plus);
    }
    CounterMetricFamily bytes = counter(Metric.DOWNLOADED_BYTES);
    CounterMetricFamily failures = counter(Metric.FAILED_DOWNLOADS);
    GaugeMetricFamily unreachable = gauge(Metric.REGISTRY_UNREACHABLE_SECONDS);
    CounterMetricFamily failed = counter(Metric.REGISTRY_FAILURES);
    GaugeMetricFamily pause = gauge(Metric.REGISTRY_PAUSE_SECONDS);
    byLocation.forEach(
        (location, now) -> {
          List<String> labels = List.of(location);
          bytes.addMetric(labels, (double) now.downloadedBytes());
          failures.addMetric(labels, (double) now.failedDownloads());
          unreachable.addMetric(labels, now.unreachableNanos() / NANOS);
          failed.addMetric(labels, (double) now.failures());
          pause.addMetric(labels, now.pauseNanos() / NANOS);
        });
    families.addAll(List.of(bytes, failures, unreachable, failed, pause));
  }

  private static GaugeMetricFamily gauge(Metric metric) {
    return new GaugeMetricFamily(metric.metricName(), metric.help(), metric.labels());
  }

  private static CounterMetricFamily counter(Metric metric) {
    return new CounterMetricFamily(metric.metricName(), metric.help(), metric.labels());
  }
}
