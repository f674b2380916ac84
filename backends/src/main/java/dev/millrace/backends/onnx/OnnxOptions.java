// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.ExecutionMode;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a model's configuration may say to ONNX Runtime.
 *
 * <p>ORT takes any key of a session's configuration without a word, misspelt or not: here an
 * unknown one is an error.
 *
 * @param optimization how far the graph is optimised: {@code none}, {@code basic}, {@code
 *     extended}, {@code all}
 * @param executionMode {@code sequential}, or {@code parallel} for branches of a graph at a time
 * @param interOpThreads threads over which branches are spread if {@code parallel}
 * @param memArena whether ORT keeps freed memory for the next run
 * @param memPattern whether ORT plans a run's memory as one block; empty to leave it to the model
 * @param allowSpinning whether ORT's threads burn processor time while they wait
 * @param usesTensorRt whether NVIDIA's GPUs are used by TensorRT as far as it can: {@code provider:
 *     tensorrt}, else {@code cuda}
 * @param cuda options of the provider for NVIDIA's GPUs
 * @param tensorRt options of the other
 * @param session entries of ORT's session configuration, by its own keys
 */
record OnnxOptions(
    OptLevel optimization,
    ExecutionMode executionMode,
    int interOpThreads,
    boolean memArena,
    Optional<Boolean> memPattern,
    boolean allowSpinning,
    boolean usesTensorRt,
    CudaOptions cuda,
    TensorRtOptions tensorRt,
    Map<String, String> session) {

  private static final Set<String> OWN_KEYS =
      Set.of(
          "graph_optimization_level",
          "execution_mode",
          "inter_op_threads",
          "enable_mem_arena",
          "enable_mem_pattern",
          "allow_spinning",
          "provider");

  private static final Set<String> SESSION_KEYS =
      Set.of(
          "session.disable_prepacking",
          "session.dynamic_block_base",
          "session.enable_quant_qdq_cleanup",
          "session.force_spinning_stop",
          "session.inter_op.allow_spinning",
          "session.intra_op.allow_spinning",
          "session.intra_op.spin_duration_us",
          "session.intra_op_thread_affinities",
          "session.model_external_initializers_file_folder_path",
          "session.qdq_matmulnbits_accuracy_level",
          "session.qdqisint8allowed",
          "session.set_denormal_as_zero",
          "session.use_device_allocator_for_initializers",
          "session.use_env_allocators",
          "optimization.disable_specified_optimizers",
          "optimization.enable_gelu_approximation",
          "mlas.enable_gemm_fastmath_arm64_bfloat16");

  /**
   * Reads a model's options.
   *
   * @throws ModelLoadException naming every key that is unknown and every value that is not allowed
   */
  static OnnxOptions parse(Map<String, String> given) throws ModelLoadException {
    Reader reader = new Reader(given);
    OnnxOptions options =
        new OnnxOptions(
            reader.choice(
                "graph_optimization_level",
                OptLevel.ALL_OPT,
                Map.of(
                    "none", OptLevel.NO_OPT,
                    "basic", OptLevel.BASIC_OPT,
                    "extended", OptLevel.EXTENDED_OPT,
                    "all", OptLevel.ALL_OPT)),
            reader.choice(
                "execution_mode",
                ExecutionMode.SEQUENTIAL,
                Map.of(
                    "sequential", ExecutionMode.SEQUENTIAL,
                    "parallel", ExecutionMode.PARALLEL)),
            reader.threads("inter_op_threads"),
            reader.bool("enable_mem_arena").orElse(true),
            reader.bool("enable_mem_pattern"),
            reader.bool("allow_spinning").orElse(false),
            reader.choice("provider", false, Map.of("cuda", false, "tensorrt", true)),
            CudaOptions.parse(given, reader.problems),
            TensorRtOptions.parse(given, reader.problems),
            reader.sessionEntries());
    if (!reader.problems.isEmpty()) {
      throw new ModelLoadException(String.join("; ", reader.problems));
    }
    return options;
  }

  /** Whether a session of so many threads a run has threads of its own. */
  boolean startsThreads(int threads) {
    return threads > 1 || executionMode == ExecutionMode.PARALLEL;
  }

  /** Tells ORT. */
  void apply(OrtSession.SessionOptions target, int threads, boolean shapesVary)
      throws OrtException {
    target.setOptimizationLevel(optimization);
    target.setExecutionMode(executionMode);
    target.setIntraOpNumThreads(threads);
    target.setInterOpNumThreads(interOpThreads);
    target.setCPUArenaAllocator(memArena);
    // ORT remembers one pattern for every set of input shapes it has seen, without a limit
    target.setMemoryPatternOptimization(memPattern.orElse(!shapesVary));
    target.setSessionLogLevel(ai.onnxruntime.OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    String spinning = allowSpinning ? "1" : "0";
    target.addConfigEntry("session.intra_op.allow_spinning", spinning);
    target.addConfigEntry("session.inter_op.allow_spinning", spinning);
    for (Map.Entry<String, String> entry : session.entrySet()) {
      target.addConfigEntry(entry.getKey(), entry.getValue());
    }
  }

  /** Takes values out of the given options and collects what is wrong with them. */
  private static final class Reader {
    final List<String> problems = new ArrayList<>();
    private final Map<String, String> given;

    Reader(Map<String, String> given) {
      this.given = new TreeMap<>(given);
      for (String key : this.given.keySet()) {
        if (!OWN_KEYS.contains(key)
            && !SESSION_KEYS.contains(key)
            && !key.startsWith(CudaOptions.PREFIX)
            && !key.startsWith(TensorRtOptions.PREFIX)) {
          problems.add("unknown option '" + key + "'" + hint(key));
        }
      }
    }

    <T> T choice(String key, T otherwise, Map<String, T> choices) {
      String value = given.get(key);
      if (value == null) {
        return otherwise;
      }
      T chosen = choices.get(value);
      if (chosen == null) {
        problems.add(
            "%s: '%s' (expected one of %s)".formatted(key, value, new TreeSet<>(choices.keySet())));
        return otherwise;
      }
      return chosen;
    }

    Optional<Boolean> bool(String key) {
      Map<String, Optional<Boolean>> choices =
          Map.of(
              "true", Optional.of(true),
              "1", Optional.of(true),
              "false", Optional.of(false),
              "0", Optional.of(false));
      return choice(key, Optional.empty(), choices);
    }

    int threads(String key) {
      String value = given.getOrDefault(key, "1");
      try {
        int threads = Integer.parseInt(value);
        if (threads >= 1 && threads <= 1024) {
          return threads;
        }
      } catch (NumberFormatException e) {
        // reported below with what was expected
      }
      problems.add("%s: '%s' (expected 1..1024)".formatted(key, value));
      return 1;
    }

    Map<String, String> sessionEntries() {
      Map<String, String> entries = new TreeMap<>(given);
      entries.keySet().retainAll(SESSION_KEYS);
      return entries;
    }

    private static String hint(String key) {
      Set<String> all = new TreeSet<>(OWN_KEYS);
      all.addAll(SESSION_KEYS);
      return Nearest.hint(key, all);
    }
  }
}
