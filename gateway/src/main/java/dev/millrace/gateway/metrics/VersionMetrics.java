// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.ServingStatistics;
import dev.millrace.backends.serving.ShadowReport;
import dev.millrace.backends.serving.VersionState;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.QueueReport.SizedCurve;
import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.RunsInFlight;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is measured of versions: read from their own statistics when somebody asks. */
public final class VersionMetrics {
  private static final double NANOS = 1e9;

  /** Clients choose the shapes: each size apart could be two hundred series for each metric. */
  private static final int MOST_CURVES = 16;

  /** What comes of copies of requests. */
  static final List<String> COPY_RESULTS =
      List.of("same", "differing", "incomparable", "failed", "dropped");

  private final Routes routes;
  private final Deployments deployments;

  public VersionMetrics(Routes routes, Deployments deployments) {
    this.routes = routes;
    this.deployments = deployments;
  }

  /** Of all versions. */
  void write(Sink sink) {
    routes.statuses().forEach(status -> addStatus(sink, status));
    List<ServedVersion> ready = routes.ready();
    ready.forEach(served -> add(sink, served));
    copies(ready).forEach((labels, copies) -> addCopies(sink, labels, copies));
  }

  /** Of one version. */
  void write(String model, long version, Sink sink) {
    for (ModelStatus status : routes.statuses()) {
      if (status.name().equals(model) && status.version() == version) {
        addStatus(sink, status);
      }
    }
    List<ServedVersion> ready = routes.ready(model);
    for (ServedVersion served : ready) {
      if (served.version() == version) {
        add(sink, served);
      }
    }
    List<String> labels = Labels.of(model, version);
    addCopies(sink, labels, copies(ready).getOrDefault(labels, Comparisons.NONE));
  }

  private void add(Sink sink, ServedVersion served) {
    addServed(sink, served);
    addBounds(sink, served);
  }

  private static void addStatus(Sink sink, ModelStatus status) {
    List<String> labels = Labels.of(status.name(), status.version());
    for (VersionState state : VersionState.values()) {
      sink.add(
          Metric.STATE, Labels.with(labels, Labels.word(state)), state == status.state() ? 1 : 0);
    }
    if (status.state() == VersionState.READY) {
      sink.add(Metric.LOAD_SECONDS, labels, status.loadNanos() / NANOS);
    }
  }

  /** By the version that runs copies, of whatever others answer. */
  private static Map<List<String>, Comparisons> copies(List<ServedVersion> all) {
    Map<List<String>, Comparisons> byLabels = new LinkedHashMap<>();
    // zeros too: a counter that begins at one is an increase that nobody sees
    all.forEach(s -> byLabels.put(Labels.of(s.name(), s.version()), Comparisons.NONE));
    for (ServedVersion answering : all) {
      for (ShadowReport shadow : answering.shadows()) {
        byLabels.merge(
            Labels.of(answering.name(), shadow.version()), shadow.comparisons(), Comparisons::plus);
      }
    }
    return byLabels;
  }

  private static void addCopies(Sink sink, List<String> labels, Comparisons copies) {
    List<Long> counts =
        List.of(
            copies.same(),
            copies.differing(),
            copies.incomparable(),
            copies.failed(),
            copies.dropped());
    for (int i = 0; i < counts.size(); i++) {
      sink.add(Metric.SHADOW_COPIES, Labels.with(labels, COPY_RESULTS.get(i)), counts.get(i));
    }
    sink.add(Metric.SHADOW_LARGEST_DIFFERENCE, labels, copies.largestDifference());
  }

  private static void addServed(Sink sink, ServedVersion served) {
    List<String> labels = Labels.of(served.name(), served.version());
    ServingStatistics.Snapshot s = served.statistics().snapshot();
    sink.add(Metric.REQUESTS, Labels.with(labels, "ok"), s.requests());
    for (Map.Entry<Failure.Kind, Long> failure : s.failures().entrySet()) {
      sink.add(
          Metric.REQUESTS, Labels.with(labels, Labels.word(failure.getKey())), failure.getValue());
    }
    s.rejections()
        .forEach(
            (reason, count) ->
                sink.add(Metric.REJECTIONS, Labels.with(labels, Labels.word(reason)), count));
    sink.add(Metric.ROWS, labels, s.rows());
    sink.add(Metric.BATCHES, labels, s.batches());
    sink.add(Metric.BATCH_ROWS, labels, s.batchRows(), 1);
    sink.add(Metric.QUEUE_SECONDS, labels, s.queueTimes(), NANOS);
    sink.add(Metric.EXECUTION_SECONDS, labels, s.runTimes(), NANOS);
    sink.add(Metric.REQUEST_SECONDS, labels, s.requestTimes(), NANOS);
    sink.add(Metric.QUEUED_ROWS, labels, served.queuedRows());
    sink.add(Metric.QUEUED_BYTES, labels, served.queuedBytes());
    sink.add(Metric.IN_FLIGHT, labels, served.inFlight());
    sink.add(Metric.REPLICAS, labels, served.replicaCount());
    sink.add(Metric.SUSPECT_REPLICAS, labels, served.suspectReplicas());
    sink.add(Metric.TERMINATED_RUNS, labels, served.terminatedRuns());
    sink.add(Metric.MAX_BATCH_ROWS, labels, served.signature().maxBatchSize());
    addScheduling(sink, labels, served.scheduling());
  }

  private void addBounds(Sink sink, ServedVersion served) {
    Autoscaling bounds =
        deployments
            .find(served.name())
            .map(deployment -> deployment.spec().autoscaling())
            .orElse(Autoscaling.OFF);
    List<String> labels = Labels.of(served.name(), served.version());
    sink.add(Metric.AUTOSCALE_MIN_REPLICAS, labels, bounds.min());
    sink.add(Metric.AUTOSCALE_MAX_REPLICAS, labels, bounds.max());
  }

  private static void addScheduling(Sink sink, List<String> labels, QueueReport report) {
    sink.add(Metric.NEEDED_REPLICAS, labels, report.neededReplicas());
    sink.add(Metric.ARRIVAL_RATE, labels, report.lately().arrivedRows());
    sink.add(Metric.BUSY_REPLICAS, labels, report.lately().busyReplicas());
    sink.add(Metric.DEADLINE_LOAD, labels, report.load());
    sink.add(Metric.CHOSEN_ROWS, labels, report.chosenRows());
    sink.add(Metric.CHOOSABLE_ROWS, labels, report.queuedRows());
    sink.add(Metric.STAGGER_WAITS, labels, report.waits());
    sink.add(Metric.PREDICTION_ERROR_MEDIAN, labels, report.medianError());
    sink.add(Metric.PREDICTION_ERROR_P99, labels, report.highError());
    if (report.devices().count() > 0) {
      addRuns(sink, labels, report.devices().inFlight());
    }
    report.curves().stream()
        .sorted(Comparator.comparingInt((SizedCurve sized) -> sized.curve().samples()).reversed())
        .limit(MOST_CURVES)
        .forEach(sized -> addCurve(sink, labels, sized));
  }

  private static void addRuns(Sink sink, List<String> labels, RunsInFlight.Report inFlight) {
    sink.add(Metric.RUNS_LIMIT, labels, inFlight.limit());
    for (int runs = 1; runs <= inFlight.gains().size(); runs++) {
      sink.add(
          Metric.LEARNED_RUNS_GAIN,
          Labels.with(labels, Integer.toString(runs)),
          inFlight.gains().get(runs - 1));
    }
  }

  private static void addCurve(Sink sink, List<String> labels, SizedCurve sized) {
    List<String> sizedLabels = Labels.with(labels, Long.toString(sized.rowSize()));
    Curve curve = sized.curve();
    sink.add(Metric.LEARNED_ONE_ROW_SECONDS, sizedLabels, curve.mean(1) / NANOS);
    sink.add(Metric.LEARNED_CAP_SECONDS, sizedLabels, curve.mean(curve.cap()) / NANOS);
    sink.add(Metric.LEARNED_FIXED_SECONDS, sizedLabels, curve.alpha() / NANOS);
    sink.add(Metric.LEARNED_ROW_SECONDS, sizedLabels, curve.beta() / NANOS);
    sink.add(Metric.LEARNED_CAP_ROWS, sizedLabels, curve.cap());
    sink.add(Metric.LEARNED_KNEE_ROWS, sizedLabels, curve.knee());
    sink.add(Metric.LEARNED_VARIATION, sizedLabels, curve.variation());
  }
}
