// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static dev.millrace.backends.onnx.KnownOptions.NUMBER;
import static dev.millrace.backends.onnx.KnownOptions.YES_OR_NO;
import static dev.millrace.backends.onnx.KnownOptions.oneOf;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a model's configuration may say to ONNX Runtime's CUDA provider, by its own keys with {@code
 * cuda.} before them.
 *
 * @param given by the provider's keys
 */
record CudaOptions(Map<String, String> given) {
  static final String PREFIX = "cuda.";

  /** Whether runs are captured as CUDA graphs. */
  private static final String GRAPHS = "enable_cuda_graph";

  /** The provider's options, without those that are addresses in memory, or Millrace's affair. */
  private static final Map<String, KnownOptions.Value> KNOWN =
      Map.ofEntries(
          Map.entry("arena_extend_strategy", oneOf("kSameAsRequested", "kNextPowerOfTwo")),
          Map.entry("cudnn_conv_algo_search", oneOf("EXHAUSTIVE", "HEURISTIC", "DEFAULT")),
          Map.entry("cudnn_conv_use_max_workspace", YES_OR_NO),
          Map.entry("cudnn_conv1d_pad_to_nc1d", YES_OR_NO),
          Map.entry("do_copy_in_default_stream", YES_OR_NO),
          Map.entry(GRAPHS, YES_OR_NO),
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

  private static final KnownOptions OPTIONS = new KnownOptions(PREFIX, KNOWN, ELSEWHERE);

  CudaOptions {
    given = Map.copyOf(given);
  }

  /** Takes its own out of a model's options, and adds what is wrong with them to the problems. */
  static CudaOptions parse(Map<String, String> engine, Collection<String> problems) {
    return new CudaOptions(OPTIONS.taken(engine, problems));
  }

  /** Whether runs are to be captured as CUDA graphs; empty for where it can be done. */
  Optional<Boolean> graphs() {
    return Optional.ofNullable(given.get(GRAPHS)).map("1"::equals);
  }

  /** What the provider is told. */
  Map<String, String> entries(long memoryBytes, boolean graphs) {
    Map<String, String> entries = new TreeMap<>();
    // doubling what was reserved, as ORT does otherwise, takes memory that other models need
    entries.put("arena_extend_strategy", "kSameAsRequested");
    // trying all algorithms, as ORT does otherwise, takes five times as long for each new number
    // of rows, and found none that was faster on an H200
    entries.put("cudnn_conv_algo_search", "HEURISTIC");
    if (memoryBytes > 0) {
      entries.put("gpu_mem_limit", Long.toString(memoryBytes));
    }
    entries.putAll(given);
    entries.put(GRAPHS, graphs ? "1" : "0");
    return entries;
  }

  /** Has a session run on a GPU. */
  void apply(OrtSession.SessionOptions session, Device gpu, long memoryBytes, boolean graphs)
      throws OrtException {
    ProviderOptions.addCuda(session, gpu.index(), entries(memoryBytes, graphs));
  }
}
