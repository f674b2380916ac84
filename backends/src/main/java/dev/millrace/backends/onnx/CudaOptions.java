// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Nearest;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What a model's configuration may say to ONNX Runtime's CUDA provider, by its own keys with {@code
 * cuda.} before them.
 *
 * @param given by the provider's keys
 */
record CudaOptions(Map<String, String> given) {
  static final String PREFIX = "cuda.";

  private static final Value YES_OR_NO =
      new Value("0 or 1", Pattern.compile("[01]").asMatchPredicate());
  private static final Value NUMBER =
      new Value("a whole number", Pattern.compile("\\d{1,9}").asMatchPredicate());

  /** The provider's options, without those that are addresses in memory, or Millrace's affair. */
  private static final Map<String, Value> KNOWN =
      Map.ofEntries(
          Map.entry("arena_extend_strategy", oneOf("kSameAsRequested", "kNextPowerOfTwo")),
          Map.entry("cudnn_conv_algo_search", oneOf("EXHAUSTIVE", "HEURISTIC", "DEFAULT")),
          Map.entry("cudnn_conv_use_max_workspace", YES_OR_NO),
          Map.entry("cudnn_conv1d_pad_to_nc1d", YES_OR_NO),
          Map.entry("do_copy_in_default_stream", YES_OR_NO),
          Map.entry("enable_cudnn", YES_OR_NO),
          Map.entry("enable_skip_layer_norm_strict_mode", YES_OR_NO),
          Map.entry("fuse_conv_bias", YES_OR_NO),
          Map.entry("prefer_nhwc", YES_OR_NO),
          Map.entry("sdpa_kernel", NUMBER),
          Map.entry("tunable_op_enable", YES_OR_NO),
          Map.entry("tunable_op_tuning_enable", YES_OR_NO),
          Map.entry("tunable_op_max_tuning_duration_ms", NUMBER),
          Map.entry("use_ep_level_unified_stream", YES_OR_NO),
          Map.entry("use_tf32", YES_OR_NO));

  /** Where what has a key of its own is said. */
  private static final Map<String, String> ELSEWHERE =
      Map.of("device_id", "device: gpu:0", "gpu_mem_limit", "gpu_memory: 2GiB");

  CudaOptions {
    given = Map.copyOf(given);
  }

  private record Value(String expected, Predicate<String> isValid) {}

  private static Value oneOf(String... words) {
    return new Value("one of " + String.join(", ", words), List.of(words)::contains);
  }

  /** Takes its own out of a model's options, and adds what is wrong with them to the problems. */
  static CudaOptions parse(Map<String, String> engine, Collection<String> problems) {
    Map<String, String> taken = new TreeMap<>();
    new TreeMap<>(engine)
        .forEach(
            (key, value) -> {
              if (key.startsWith(PREFIX)) {
                String name = key.substring(PREFIX.length());
                problem(name, value).ifPresent(problems::add);
                taken.put(name, value);
              }
            });
    return new CudaOptions(taken);
  }

  private static Optional<String> problem(String name, String value) {
    Value known = KNOWN.get(name);
    if (known == null) {
      return Optional.of("unknown option '%s%s'%s".formatted(PREFIX, name, hint(name)));
    }
    return known.isValid.test(value)
        ? Optional.empty()
        : Optional.of("%s%s: '%s' (expected %s)".formatted(PREFIX, name, value, known.expected));
  }

  private static String hint(String name) {
    return Optional.ofNullable(ELSEWHERE.get(name))
        .map(where -> " (expected %s beside engine)".formatted(where))
        .orElseGet(() -> Nearest.hint(name, KNOWN.keySet()));
  }

  /** What the provider is told. */
  Map<String, String> entries(long memoryBytes) {
    Map<String, String> entries = new TreeMap<>();
    // doubling what was reserved, as ORT does otherwise, takes memory that other models need
    entries.put("arena_extend_strategy", "kSameAsRequested");
    if (memoryBytes > 0) {
      entries.put("gpu_mem_limit", Long.toString(memoryBytes));
    }
    entries.putAll(given);
    return entries;
  }

  /** Has a session run on a GPU. */
  void apply(OrtSession.SessionOptions session, Device gpu, long memoryBytes) throws OrtException {
    try (OrtCUDAProviderOptions options = new OrtCUDAProviderOptions(gpu.index())) {
      for (Map.Entry<String, String> entry : entries(memoryBytes).entrySet()) {
        options.add(entry.getKey(), entry.getValue());
      }
      session.addCUDA(options);
    }
  }
}
