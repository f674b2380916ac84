// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What becomes of each field of Triton's {@code ModelConfig}; the reference page is generated from
 * this table.
 */
enum PbtxtField {
  NAME(Use.READ, "Must be the folder's name if given."),
  PLATFORM(Use.READ, "`onnxruntime_onnx`; anything else is an error."),
  BACKEND(Use.READ, "`backend`."),
  RUNTIME(Use.IGNORED, "Engines are part of the gateway."),
  VERSION_POLICY(
      Use.READ,
      "`version_policy`: `latest { num_versions: N }`, `all { }`, `specific { versions: [1, 3] }`."),
  MAX_BATCH_SIZE(
      Use.READ,
      "`max_batch_size`. With 1 or more, every declared shape gets a first axis of any size. "
          + "Absent: found out from the model."),
  INPUT(
      Use.READ,
      "`inputs`. `reshape` counts as the model's own shape, and is what clients send here. "
          + "`optional`, `allow_ragged_batch` and shape tensors are errors; `format` has no effect."),
  OUTPUT(Use.READ, "`outputs`, likewise; `label_filename` has no effect."),
  BATCH_INPUT(Use.REFUSED, "Inputs that Triton makes up are not supported yet."),
  BATCH_OUTPUT(Use.REFUSED, "Outputs of ragged batches are not supported yet."),
  OPTIMIZATION(
      Use.READ,
      "`graph.level`: the engine option `graph_optimization_level` (-1 `basic`, 0 `all`, 1 "
          + "`extended`, 2 `none`, as in Triton's ONNX Runtime backend). The rest has no effect."),
  DYNAMIC_BATCHING(
      Use.READ,
      "`priority_levels`, `default_priority_level`, `default_queue_policy`: `queue_policy`, "
          + "`priority_queue_policy`. `preferred_batch_size`, `max_queue_delay_microseconds` and "
          + "`preserve_ordering` count with the parameter `millrace.scheduler: triton` only: else "
          + "when a batch runs is found out while serving."),
  SEQUENCE_BATCHING(Use.REFUSED, "Sequences with state are not supported yet."),
  ENSEMBLE_SCHEDULING(Use.REFUSED, "Ensembles are not supported yet."),
  INSTANCE_GROUP(
      Use.READ,
      "`replicas`, the sum of `count` over all groups (times the number of `gpus`), and `device`:"
          + " `KIND_CPU` is `cpu`, `KIND_AUTO` is `auto`, `KIND_GPU` with `gpus: [0, 1]` is"
          + " `gpu:0,1`."),
  DEFAULT_MODEL_FILENAME(Use.READ, "`file`."),
  CC_MODEL_FILENAMES(Use.IGNORED, "Files by GPU generation."),
  METRIC_TAGS(Use.IGNORED, "Labels of metrics."),
  PARAMETERS(
      Use.READ,
      "`intra_op_thread_count`: `threads`. `inter_op_thread_count`, `execution_mode`, "
          + "`enable_mem_arena`, `enable_mem_pattern` and `session.*`, `optimization.*`, `mlas.*`: engine options. "
          + "`millrace.scheduler`, `millrace.slo`, `millrace.max_queue_time` and "
          + "`millrace.strict_override`: the keys of that name. Others have no effect."),
  MODEL_WARMUP(
      Use.READ,
      "`warmup`; `batch_size` is `copies` and `count` is `runs`. `input_data_file` lies in the folder "
          + "`warmup` of the model, and holds one row."),
  MODEL_OPERATIONS(Use.IGNORED, "Libraries of custom operators are not loaded."),
  MODEL_TRANSACTION_POLICY(Use.READ, "`decoupled: true` is an error: not supported yet."),
  MODEL_REPOSITORY_AGENTS(Use.IGNORED, "Hooks of Triton's."),
  RESPONSE_CACHE(Use.IGNORED, "There is no response cache."),
  MODEL_METRICS(Use.IGNORED, "Histogram buckets are the same for all models.");

  /** What the gateway does with a field. */
  enum Use {
    /** It has the effect described. */
    READ,
    /** It is noted in the log, and the model is served without. */
    IGNORED,
    /** The model is not served: without the field it would answer something else. */
    REFUSED
  }

  private final Use use;
  private final String meaning;

  PbtxtField(Use use, String meaning) {
    this.use = use;
    this.meaning = meaning;
  }

  static Optional<PbtxtField> of(String field) {
    return Arrays.stream(values()).filter(known -> known.field().equals(field)).findFirst();
  }

  /** The field's name in the file. */
  String field() {
    return name().toLowerCase(Locale.ROOT);
  }

  Use use() {
    return use;
  }

  /** The key of {@code model.yaml} that it stands for, or why it stands for none. */
  String meaning() {
    return meaning;
  }
}
