// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.Units;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The keys of {@code model.yaml}; the reference page is generated from them. */
enum ManifestKey {
  BACKEND("backend", "name", ModelManifest.DEFAULT_BACKEND, "The engine that runs the model."),
  FILE(
      "file",
      "file name",
      "the engine's, `model.onnx`; or the only `*.onnx` there is",
      "The model's file inside a version folder."),
  MAX_BATCH_SIZE(
      "max_batch_size",
      0,
      65_536,
      "found out from the model; at most " + ModelOptions.DEFAULT_MAX_BATCH_SIZE,
      "Rows that may run together. 0: one request at a time, shapes as they come."),
  REPLICAS(
      "replicas",
      1,
      64,
      "" + ModelManifest.DEFAULT.replicas(),
      "Batches of one version that may run at the same time. Weights are in memory once; on a GPU once a replica, where runs are captured."),
  THREADS(
      "threads", 1, 1_024, "" + ModelOptions.DEFAULT.threads(), "Threads that one batch may use."),
  DEVICE(
      "device",
      "`auto`, `cpu`, `gpu`, `gpu:0` or `gpu:0,1`; or `require gpu` and the like",
      "auto",
      "Where it runs. See below."),
  GPU_MEMORY(
      "gpu_memory",
      "a size such as 2GiB, 1MiB or more",
      1 << 20,
      1L << 50,
      "no limit; reckoned with twice the size of its files",
      "Memory of a GPU that it may take for weights and runs."),
  VERSION_POLICY(
      "version_policy",
      "`latest: N`, `all` or `versions: [1, 3]`",
      "`latest: 1`",
      "Which versions are served."),
  MAX_QUEUED_ROWS(
      "max_queued_rows",
      1,
      Integer.MAX_VALUE,
      "" + ModelManifest.Limits.DEFAULT.maxQueuedRows(),
      "Rows of one version that may wait; further requests are rejected."),
  MAX_QUEUED_BYTES(
      "max_queued_bytes",
      1,
      Long.MAX_VALUE,
      "" + ModelManifest.Limits.DEFAULT.maxQueuedBytes(),
      "Bytes of input that may wait; further requests are rejected."),
  MAX_REQUEST_ROWS(
      "max_request_rows",
      1,
      Integer.MAX_VALUE,
      "" + ModelManifest.Limits.DEFAULT.maxRequestRows(),
      "Rows that one request may have."),
  MAX_RUN_TIME(
      "max_run_time",
      "duration such as `500ms`, `30s` or `2m`",
      "ten times what such a batch should take, but at least 10 s and until the last of its deadlines",
      "How long the engine may take for a batch; then the run is terminated and its requests fail."),
  SCHEDULER(
      "scheduler",
      "auto, triton or none",
      "auto",
      "What decides when requests run together: what is learned of the model and its load; preferred"
          + " sizes and a delay, as in Triton; or nothing, one request a run."),
  SLO(
      "slo",
      duration("25ms", "1us..24h"),
      Scheduling.MICRO_NANOS,
      24 * Scheduling.HOUR_NANOS,
      "none",
      "Deadline, from its arrival on, of a request that brings none."),
  MAX_QUEUE_TIME(
      "max_queue_time",
      duration("10s", "1us..24h"),
      Scheduling.MICRO_NANOS,
      24 * Scheduling.HOUR_NANOS,
      Units.show(Duration.ofNanos(Scheduling.DEFAULT.maxQueueNanos())),
      "A request without a deadline, or with a later one, that would have to wait longer, by prediction, is rejected at"
          + " once. Not with `scheduler: triton`."),
  PRIORITY_LEVELS(
      "priority_levels",
      0,
      Scheduling.MOST_PRIORITY_LEVELS,
      "" + Scheduling.DEFAULT.priorityLevels(),
      "Levels that requests may ask for by their parameter `priority`; 1 is the highest. 0: all are"
          + " alike."),
  DEFAULT_PRIORITY(
      "default_priority",
      1,
      Scheduling.MOST_PRIORITY_LEVELS,
      "the middle one",
      "Level of requests that ask for none."),
  QUEUE_POLICY(
      "queue_policy", "map", "no limits", "What requests that wait have to expect. See below."),
  PRIORITY_QUEUE_POLICY(
      "priority_queue_policy",
      "map from level to policy",
      "`queue_policy`",
      "The same for single levels of priority."),
  PREFERRED_BATCH_SIZES(
      "preferred_batch_sizes",
      "list of 1..65536",
      1,
      65_536,
      "the largest batch",
      "With `scheduler: triton`: rows at which a batch is run at once."),
  QUEUE_DELAY(
      "queue_delay",
      duration("100us", "0s..1h"),
      0,
      Scheduling.HOUR_NANOS,
      "0s",
      "With `scheduler: triton`: how long requests wait, for a batch of a preferred size, even where a"
          + " replica is idle. More than 0 keeps event loops from running batches themselves."),
  PRESERVE_ORDERING(
      "preserve_ordering",
      "`true` or `false`",
      "false",
      "With `scheduler: triton`: whether answers leave in the order of their requests."),
  STRICT_OVERRIDE(
      "strict_override",
      "`true` or `false`",
      "" + Scheduling.DEFAULT.strictOverride(),
      "With `scheduler: triton`: whether a request's `timeout` only counts where the policy has a longer"
          + " one, as in Triton; else also where it has none."),
  REQUIRED(
      "required",
      "`true` or `false`",
      "" + ModelManifest.DEFAULT.required(),
      "Whether the gateway reports itself ready only while this model is."),
  INPUTS(
      "inputs",
      "list of tensors",
      "read from the model",
      "What the inputs are: a model that says otherwise is not loaded. See below."),
  OUTPUTS("outputs", "list of tensors", "read from the model", "The same for outputs."),
  PADDING(
      "padding",
      "map",
      "none",
      "Which rows of different length may be made equal, to share runs, and with what. See below."),
  WARMUP(
      "warmup",
      "list of requests",
      "those in the folder `warmup`; else zeros",
      "Requests that each replica has to answer before the version serves. See below."),
  ENGINE("engine", "map", "empty", "Options of the engine itself, by its own names. See below.");

  static final List<String> KEYS = Arrays.stream(values()).map(key -> key.key).toList();

  private final String key;
  private final String type;
  private final long min;
  private final long max;
  private final String defaultText;
  private final String meaning;

  ManifestKey(String key, String type, String defaultText, String meaning) {
    this(key, type, 0, 0, defaultText, meaning);
  }

  ManifestKey(String key, long min, long max, String defaultText, String meaning) {
    this(key, range(min, max), min, max, defaultText, meaning);
  }

  ManifestKey(String key, String type, long min, long max, String defaultText, String meaning) {
    this.key = key;
    this.type = type;
    this.min = min;
    this.max = max;
    this.defaultText = defaultText;
    this.meaning = meaning;
  }

  private static String duration(String example, String range) {
    return "a duration such as " + example + ", " + range;
  }

  static Optional<ManifestKey> of(String key) {
    return Arrays.stream(values()).filter(candidate -> candidate.key.equals(key)).findFirst();
  }

  private static String range(long min, long max) {
    return max >= Integer.MAX_VALUE ? min + " or more" : min + ".." + max;
  }

  String key() {
    return key;
  }

  /** What values it takes, for people. */
  String type() {
    return type;
  }

  /** Of a number, its smallest value. */
  long min() {
    return min;
  }

  /** Of a number, its largest value. */
  long max() {
    return max;
  }

  /** What holds without it, for people. */
  String defaultText() {
    return defaultText;
  }

  String meaning() {
    return meaning;
  }
}
