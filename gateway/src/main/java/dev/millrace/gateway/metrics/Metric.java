// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.gate.MetricLimit;
import io.prometheus.client.Collector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Every metric of our own: its name, type, labels and meaning, once. */
public enum Metric {
  REQUESTS("requests", Collector.Type.COUNTER, "Requests by outcome: ok, or why not.", "outcome"),
  REJECTIONS(
      "rejections", Collector.Type.COUNTER, "Requests the queue refused or gave up.", "reason"),
  ROWS("rows", Collector.Type.COUNTER, "Rows that were run.", ""),
  BATCHES("batches", Collector.Type.COUNTER, "Batches that were run.", ""),
  BATCH_ROWS("batch_rows", Collector.Type.HISTOGRAM, "Rows per batch.", ""),
  QUEUE_SECONDS(
      "queue_seconds",
      Collector.Type.HISTOGRAM,
      "Per answered request: from its arrival until its batch was closed.",
      ""),
  EXECUTION_SECONDS(
      "execution_seconds", Collector.Type.HISTOGRAM, "Per batch: time in the engine.", ""),
  REQUEST_SECONDS(
      "request_seconds",
      Collector.Type.HISTOGRAM,
      "Per answered request: from its arrival until the answer was ready.",
      ""),
  QUEUED_ROWS("queued_rows", Collector.Type.GAUGE, "Rows that wait.", ""),
  QUEUED_BYTES("queued_bytes", Collector.Type.GAUGE, "Bytes of requests that wait.", ""),
  IN_FLIGHT("in_flight", Collector.Type.GAUGE, "Requests between admission and answer.", ""),
  REPLICAS("replicas", Collector.Type.GAUGE, "Replicas, suspect ones among them.", ""),
  AUTOSCALE_MIN_REPLICAS(
      "autoscale_min_replicas",
      Collector.Type.GAUGE,
      "Replicas at least, where they follow the load; else 0.",
      ""),
  AUTOSCALE_MAX_REPLICAS(
      "autoscale_max_replicas",
      Collector.Type.GAUGE,
      "Replicas at most, where they follow the load; else 0.",
      ""),
  SUSPECT_REPLICAS(
      "suspect_replicas",
      Collector.Type.GAUGE,
      "Replicas, event loops among them, in a run that lasts far longer than it should.",
      ""),
  TERMINATED_RUNS(
      "terminated_runs",
      Collector.Type.COUNTER,
      "Runs that were terminated because they did not end by themselves.",
      ""),
  MAX_BATCH_ROWS(
      "max_batch_rows",
      Collector.Type.GAUGE,
      "Rows of a batch at most; 0 if requests run one at a time.",
      ""),
  ARRIVAL_RATE(
      "arrival_rate", Collector.Type.GAUGE, "Rows per second that were let in lately.", ""),
  BUSY_REPLICAS(
      "busy_replicas", Collector.Type.GAUGE, "Replicas that were running lately, on average.", ""),
  NEEDED_REPLICAS(
      "needed_replicas",
      Collector.Type.GAUGE,
      "Replicas that what is asked for would keep busy, in batches of the best size.",
      ""),
  DEADLINE_LOAD(
      "deadline_load",
      Collector.Type.GAUGE,
      "What requests with deadlines ask for, of all that can be done in time.",
      ""),
  CHOSEN_ROWS(
      "chosen_rows",
      Collector.Type.COUNTER,
      "Rows that batches were made of; over choosable_rows, the share that was taken.",
      ""),
  CHOOSABLE_ROWS(
      "choosable_rows",
      Collector.Type.COUNTER,
      "Rows that waited for each batch when it was made, its own among them, summed.",
      ""),
  STAGGER_WAITS(
      "stagger_waits",
      Collector.Type.COUNTER,
      "Times that an idle replica waited for its share of the arrivals.",
      ""),
  PREDICTION_ERROR_MEDIAN(
      "prediction_error_median",
      Collector.Type.GAUGE,
      "Of recent batches, how far half of the predicted run times were off at most; 0.1 is 10 %.",
      ""),
  PREDICTION_ERROR_P99(
      "prediction_error_p99",
      Collector.Type.GAUGE,
      "As the median, for 99 in 100. The scheduler's health: alert when it stays above 0.25.",
      ""),
  RUNS_LIMIT(
      "runs_limit",
      Collector.Type.GAUGE,
      "Runs at a time that a GPU is given, where replicas share one.",
      ""),
  LEARNED_RUNS_GAIN(
      "learned_runs_gain",
      Collector.Type.GAUGE,
      "What so many runs at a time do on a GPU that they share, in units of one.",
      "runs"),
  LEARNED_ONE_ROW_SECONDS(
      "learned_one_row_seconds", Collector.Type.GAUGE, "What one row takes.", "row_size"),
  LEARNED_CAP_SECONDS(
      "learned_cap_seconds", Collector.Type.GAUGE, "What learned_cap_rows take.", "row_size"),
  LEARNED_FIXED_SECONDS(
      "learned_fixed_seconds",
      Collector.Type.GAUGE,
      "What a batch takes besides its rows: alpha of alpha + beta · rows.",
      "row_size"),
  LEARNED_ROW_SECONDS(
      "learned_row_seconds", Collector.Type.GAUGE, "What each row adds to that: beta.", "row_size"),
  LEARNED_CAP_ROWS(
      "learned_cap_rows",
      Collector.Type.GAUGE,
      "The fewest rows of a batch with the most throughput that was seen.",
      "row_size"),
  LEARNED_KNEE_ROWS(
      "learned_knee_rows",
      Collector.Type.GAUGE,
      "The fewest rows of a batch with 70 % of the most throughput.",
      "row_size"),
  LEARNED_VARIATION(
      "learned_variation",
      Collector.Type.GAUGE,
      "Standard deviation of the time of a batch over its mean.",
      "row_size"),
  SHADOW_COPIES(
      "shadow_copies",
      Collector.Type.COUNTER,
      "Copies of other versions' requests, by what came of them: same, differing, incomparable, "
          + "failed or dropped. They are not among its requests, rows and batches.",
      "result"),
  SHADOW_LARGEST_DIFFERENCE(
      "shadow_largest_difference",
      Collector.Type.GAUGE,
      "Between two elements of an answer and of that to its copy; 0 while all are the same.",
      ""),
  LOAD_SECONDS(
      "load_seconds", Collector.Type.GAUGE, "How long fetching, loading and warming took.", ""),
  STATE(
      "state", Collector.Type.GAUGE, "1 for the state a version is in, 0 for the others.", "state"),
  UNROUTED(
      "unrouted_requests",
      Collector.Type.COUNTER,
      "Requests that failed before they belonged to a model.",
      "outcome",
      false),
  CACHE_BYTES(
      "cache_bytes",
      Collector.Type.GAUGE,
      "Bytes in the cache of what was fetched from other machines.",
      "",
      false),
  CACHE_LIMIT_BYTES(
      "cache_limit_bytes", Collector.Type.GAUGE, "Its size at most: cache_max_bytes.", "", false),
  DOWNLOADED_BYTES(
      "downloaded_bytes",
      Collector.Type.COUNTER,
      "Bytes of models that were fetched from a registry.",
      "registry",
      false),
  FAILED_DOWNLOADS(
      "failed_downloads",
      Collector.Type.COUNTER,
      "Files of models that could not be fetched, each try.",
      "registry",
      false),
  REGISTRY_UNREACHABLE_SECONDS(
      "registry_unreachable_seconds",
      Collector.Type.GAUGE,
      "Since a registry was last reached; 0 if its last call was answered.",
      "registry",
      false),
  REGISTRY_FAILURES(
      "registry_failures",
      Collector.Type.COUNTER,
      "Times that a registry failed, or did not answer in time, and was left alone for a while.",
      "registry",
      false),
  REGISTRY_PAUSE_SECONDS(
      "registry_pause_seconds",
      Collector.Type.GAUGE,
      "Until a registry that failed is asked again; 0 if it is asked.",
      "registry",
      false),
  MEMORY_BUDGET_BYTES(
      "memory_budget_bytes",
      Collector.Type.GAUGE,
      "Bytes that models may take together, by `memory_budget`.",
      "",
      false),
  MEMORY_RESERVED_BYTES(
      "memory_reserved_bytes",
      Collector.Type.GAUGE,
      "Bytes that the models which are loaded, or about to be, are reckoned to need.",
      "",
      false),
  MEMORY_REFUSALS(
      "memory_refusals",
      Collector.Type.COUNTER,
      "Loads that were refused because the model would not have fitted, each try.",
      "",
      false),
  MLFLOW_HOOKS(
      "mlflow_hooks",
      Collector.Type.COUNTER,
      "Webhooks of MLflow by outcome: looked, ignored, or why they were refused.",
      "outcome",
      false),
  GPU_UTILIZATION(
      "gpu_utilization",
      Collector.Type.GAUGE,
      "Share of the time in which a GPU ran something, lately; this and the following are there where "
          + "NVIDIA's driver tells them.",
      "device",
      false),
  GPU_MEMORY_USED_BYTES(
      "gpu_memory_used_bytes",
      Collector.Type.GAUGE,
      "Memory of a GPU that is in use, by whichever process.",
      "device",
      false),
  GPU_MEMORY_BYTES("gpu_memory_bytes", Collector.Type.GAUGE, "Memory of a GPU.", "device", false),
  GPU_POWER_WATTS(
      "gpu_power_watts", Collector.Type.GAUGE, "Power that a GPU draws.", "device", false),
  GPU_TEMPERATURE_CELSIUS(
      "gpu_temperature_celsius", Collector.Type.GAUGE, "Temperature of a GPU.", "device", false),
  GPU_ECC_ERRORS(
      "gpu_ecc_errors",
      Collector.Type.COUNTER,
      "Errors of a GPU's memory that could not be corrected, since its driver was loaded.",
      "device",
      false),
  GPU_XID_ERRORS(
      "gpu_xid_errors",
      Collector.Type.COUNTER,
      "Errors (Xid) that the driver reported of a GPU while this gateway ran; the log has their "
          + "numbers.",
      "device",
      false);

  static final String MODEL = "model";
  static final String VERSION = "version";

  private final String shortName;
  private final Collector.Type type;
  private final String help;
  private final String furtherLabel;
  private final boolean ofAModel;

  Metric(String shortName, Collector.Type type, String help, String furtherLabel) {
    this(shortName, type, help, furtherLabel, true);
  }

  Metric(
      String shortName, Collector.Type type, String help, String furtherLabel, boolean ofAModel) {
    this.ofAModel = ofAModel;
    this.shortName = shortName;
    this.type = type;
    this.help = help;
    this.furtherLabel = furtherLabel;
  }

  Collector.Type type() {
    return type;
  }

  /** The family's name; a counter's samples add {@code _total}. */
  String metricName() {
    return "millrace_" + shortName;
  }

  /** The name of its samples; those of a histogram have further suffixes. */
  String exportedName() {
    return metricName() + (type == Collector.Type.COUNTER ? "_total" : "");
  }

  /** What it says of a version. */
  MetricLimit.Kind kind() {
    return switch (type) {
      case COUNTER -> MetricLimit.Kind.COUNTER;
      case HISTOGRAM -> MetricLimit.Kind.HISTOGRAM;
      default -> MetricLimit.Kind.GAUGE;
    };
  }

  String furtherLabel() {
    return furtherLabel;
  }

  String help() {
    return help;
  }

  /** Whether its samples are labelled with a model and its version. */
  boolean ofAModel() {
    return ofAModel;
  }

  List<String> labels() {
    List<String> labels = new ArrayList<>();
    if (ofAModel()) {
      labels.add(MODEL);
      labels.add(VERSION);
    }
    if (!furtherLabel.isEmpty()) {
      labels.add(furtherLabel);
    }
    return labels;
  }

  /** All metrics as the table of the reference page. */
  public static String toMarkdown() {
    StringBuilder table =
        new StringBuilder("| name | type | labels | meaning |\n|---|---|---|---|\n");
    for (Metric metric : values()) {
      table.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(
                  metric.exportedName(),
                  metric.type.name().toLowerCase(Locale.ROOT),
                  String.join(", ", metric.labels()),
                  metric.help));
    }
    return table.toString();
  }
}
