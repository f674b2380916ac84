// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.Histogram;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.ServingStatistics;
import dev.millrace.backends.serving.ShadowReport;
import dev.millrace.backends.serving.Tally;
import dev.millrace.backends.serving.VersionState;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.QueueReport.SizedCurve;
import dev.millrace.batching.cost.Curve;
import io.prometheus.client.Collector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the served versions' own statistics when Prometheus asks: serving a request touches no
 * metrics library.
 */
public final class ServingCollector extends Collector {
  private static final double NANOS = 1e9;

  /** Clients choose the shapes: each size apart could be two hundred series for each metric. */
  private static final int MOST_CURVES = 16;

  private final Routes routes;
  private final Deployments deployments;
  private final Tally<Failure.Kind> unrouted;

  public ServingCollector(Routes routes, Deployments deployments, Tally<Failure.Kind> unrouted) {
    this.routes = routes;
    this.deployments = deployments;
    this.unrouted = unrouted;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    Samples samples = new Samples();
    for (ModelStatus status : routes.statuses()) {
      addStatus(samples, status);
    }
    for (ServedVersion served : routes.ready()) {
      addServed(samples, served);
      addBounds(samples, served);
    }
    addShadows(samples, routes.ready());
    unrouted
        .snapshot()
        .forEach((kind, count) -> samples.add(Metric.UNROUTED, List.of(word(kind)), count));
    return samples.families();
  }

  private static void addStatus(Samples samples, ModelStatus status) {
    List<String> labels = labels(status.name(), status.version());
    for (VersionState state : VersionState.values()) {
      samples.add(Metric.STATE, with(labels, word(state)), state == status.state() ? 1 : 0);
    }
    if (status.state() == VersionState.READY) {
      samples.add(Metric.LOAD_SECONDS, labels, status.loadNanos() / NANOS);
    }
  }

  /** By the version that runs copies, of whatever others answer. */
  private static void addShadows(Samples samples, List<ServedVersion> all) {
    Map<List<String>, Comparisons> byLabels = new LinkedHashMap<>();
    // zeros too: a counter that begins at one is an increase that nobody sees
    all.forEach(s -> byLabels.put(labels(s.name(), s.version()), Comparisons.NONE));
    for (ServedVersion answering : all) {
      for (ShadowReport shadow : answering.shadows()) {
        byLabels.merge(
            labels(answering.name(), shadow.version()), shadow.comparisons(), Comparisons::plus);
      }
    }
    byLabels.forEach(
        (labels, copies) -> {
          samples.add(Metric.SHADOW_COPIES, with(labels, "same"), copies.same());
          samples.add(Metric.SHADOW_COPIES, with(labels, "differing"), copies.differing());
          samples.add(Metric.SHADOW_COPIES, with(labels, "incomparable"), copies.incomparable());
          samples.add(Metric.SHADOW_COPIES, with(labels, "failed"), copies.failed());
          samples.add(Metric.SHADOW_COPIES, with(labels, "dropped"), copies.dropped());
          samples.add(Metric.SHADOW_LARGEST_DIFFERENCE, labels, copies.largestDifference());
        });
  }

  private static void addServed(Samples samples, ServedVersion served) {
    List<String> labels = labels(served.name(), served.version());
    ServingStatistics.Snapshot s = served.statistics().snapshot();
    samples.add(Metric.REQUESTS, with(labels, "ok"), s.requests());
    for (Map.Entry<Failure.Kind, Long> failure : s.failures().entrySet()) {
      samples.add(Metric.REQUESTS, with(labels, word(failure.getKey())), failure.getValue());
    }
    s.rejections()
        .forEach(
            (reason, count) -> samples.add(Metric.REJECTIONS, with(labels, word(reason)), count));
    samples.add(Metric.ROWS, labels, s.rows());
    samples.add(Metric.BATCHES, labels, s.batches());
    samples.add(Metric.BATCH_ROWS, labels, s.batchRows(), 1);
    samples.add(Metric.QUEUE_SECONDS, labels, s.queueTimes(), NANOS);
    samples.add(Metric.EXECUTION_SECONDS, labels, s.runTimes(), NANOS);
    samples.add(Metric.REQUEST_SECONDS, labels, s.requestTimes(), NANOS);
    samples.add(Metric.QUEUED_ROWS, labels, served.queuedRows());
    samples.add(Metric.QUEUED_BYTES, labels, served.queuedBytes());
    samples.add(Metric.IN_FLIGHT, labels, served.inFlight());
    samples.add(Metric.REPLICAS, labels, served.replicaCount());
    samples.add(Metric.SUSPECT_REPLICAS, labels, served.suspectReplicas());
    samples.add(Metric.TERMINATED_RUNS, labels, served.terminatedRuns());
    samples.add(Metric.MAX_BATCH_ROWS, labels, served.signature().maxBatchSize());
    addScheduling(samples, labels, served.scheduling());
  }

  private void addBounds(Samples samples, ServedVersion served) {
    Autoscaling bounds =
        deployments
            .find(served.name())
            .map(deployment -> deployment.spec().autoscaling())
            .orElse(Autoscaling.OFF);
    List<String> labels = labels(served.name(), served.version());
    samples.add(Metric.AUTOSCALE_MIN_REPLICAS, labels, bounds.min());
    samples.add(Metric.AUTOSCALE_MAX_REPLICAS, labels, bounds.max());
  }

  private static void addScheduling(Samples samples, List<String> labels, QueueReport report) {
    samples.add(Metric.NEEDED_REPLICAS, labels, report.neededReplicas());
    samples.add(Metric.ARRIVAL_RATE, labels, report.lately().arrivedRows());
    samples.add(Metric.BUSY_REPLICAS, labels, report.lately().busyReplicas());
    samples.add(Metric.DEADLINE_LOAD, labels, report.load());
    samples.add(Metric.CHOSEN_ROWS, labels, report.chosenRows());
    samples.add(Metric.CHOOSABLE_ROWS, labels, report.queuedRows());
    samples.add(Metric.STAGGER_WAITS, labels, report.waits());
    samples.add(Metric.PREDICTION_ERROR_MEDIAN, labels, report.medianError());
    samples.add(Metric.PREDICTION_ERROR_P99, labels, report.highError());
    report.curves().stream()
        .sorted(Comparator.comparingInt((SizedCurve sized) -> sized.curve().samples()).reversed())
        .limit(MOST_CURVES)
        .forEach(sized -> addCurve(samples, labels, sized));
  }

  private static void addCurve(Samples samples, List<String> labels, SizedCurve sized) {
    List<String> sizedLabels = with(labels, Long.toString(sized.rowSize()));
    Curve curve = sized.curve();
    samples.add(Metric.LEARNED_ONE_ROW_SECONDS, sizedLabels, curve.mean(1) / NANOS);
    samples.add(Metric.LEARNED_CAP_SECONDS, sizedLabels, curve.mean(curve.cap()) / NANOS);
    samples.add(Metric.LEARNED_FIXED_SECONDS, sizedLabels, curve.alpha() / NANOS);
    samples.add(Metric.LEARNED_ROW_SECONDS, sizedLabels, curve.beta() / NANOS);
    samples.add(Metric.LEARNED_CAP_ROWS, sizedLabels, curve.cap());
    samples.add(Metric.LEARNED_KNEE_ROWS, sizedLabels, curve.knee());
    samples.add(Metric.LEARNED_VARIATION, sizedLabels, curve.variation());
  }

  private static List<String> labels(String model, long version) {
    return List.of(model, version == 0 ? "" : Long.toString(version));
  }

  private static List<String> with(List<String> labels, String more) {
    List<String> all = new ArrayList<>(labels);
    all.add(more);
    return all;
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** Samples by family. */
  private static final class Samples {
    private final Map<Metric, List<MetricFamilySamples.Sample>> byMetric =
        new EnumMap<>(Metric.class);

    /** A count; a double holds it exactly up to 2^53. */
    void add(Metric metric, List<String> labels, long value) {
      add(metric, labels, (double) value);
    }

    void add(Metric metric, List<String> labels, double value) {
      String name = metric.metricName() + (metric.type() == Collector.Type.COUNTER ? "_total" : "");
      sample(metric, name, metric.labels(), labels, value);
    }

    /** A histogram, its values divided by {@code unit}. */
    void add(Metric metric, List<String> labels, Histogram.Snapshot fine, double unit) {
      Histogram.Snapshot histogram = fine.coarse();
      List<String> names = with(metric.labels(), "le");
      long count = 0;
      for (int i = 0; i < histogram.counts().length; i++) {
        count += histogram.counts()[i];
        String bound =
            i < histogram.upperBounds().length
                ? doubleToGoString(histogram.upperBounds()[i] / unit)
                : "+Inf";
        sample(metric, metric.metricName() + "_bucket", names, with(labels, bound), (double) count);
      }
      sample(metric, metric.metricName() + "_count", metric.labels(), labels, (double) count);
      sample(metric, metric.metricName() + "_sum", metric.labels(), labels, histogram.sum() / unit);
    }

    private void sample(
        Metric metric, String name, List<String> labelNames, List<String> labels, double value) {
      byMetric
          .computeIfAbsent(metric, key -> new ArrayList<>())
          .add(new MetricFamilySamples.Sample(name, labelNames, labels, value));
    }

    List<MetricFamilySamples> families() {
      List<MetricFamilySamples> families = new ArrayList<>();
      byMetric.forEach(
          (metric, samples) ->
              families.add(
                  new MetricFamilySamples(
                      metric.metricName(), metric.type(), metric.help(), samples)));
      return families;
    }
  }
}
