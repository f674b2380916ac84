// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static dev.millrace.backends.onnx.KnownOptions.NUMBER;
import static dev.millrace.backends.onnx.KnownOptions.TEXT;
import static dev.millrace.backends.onnx.KnownOptions.YES_OR_NO;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a model's configuration may say to ONNX Runtime's TensorRT provider, by its own keys with
 * {@code tensorrt.} before them.
 *
 * @param given by the provider's keys
 */
record TensorRtOptions(Map<String, String> given) {
  static final String PREFIX = "tensorrt.";

  private static final String CACHE = "trt_engine_cache_path";

  private static final KnownOptions OPTIONS =
      new KnownOptions(
          PREFIX,
          Map.ofEntries(
              Map.entry("trt_auxiliary_streams", NUMBER),
              Map.entry("trt_bf16_enable", YES_OR_NO),
              Map.entry("trt_builder_optimization_level", NUMBER),
              Map.entry("trt_context_memory_sharing_enable", YES_OR_NO),
              Map.entry("trt_cuda_graph_enable", YES_OR_NO),
              Map.entry("trt_engine_cache_enable", YES_OR_NO),
              Map.entry(CACHE, TEXT),
              Map.entry("trt_engine_hw_compatible", YES_OR_NO),
              Map.entry("trt_force_sequential_engine_build", YES_OR_NO),
              Map.entry("trt_fp16_enable", YES_OR_NO),
              Map.entry("trt_int8_enable", YES_OR_NO),
              Map.entry("trt_layer_norm_fp32_fallback", YES_OR_NO),
              Map.entry("trt_max_partition_iterations", NUMBER),
              Map.entry("trt_max_workspace_size", TEXT),
              Map.entry("trt_min_subgraph_size", NUMBER),
              Map.entry("trt_profile_max_shapes", TEXT),
              Map.entry("trt_profile_min_shapes", TEXT),
              Map.entry("trt_profile_opt_shapes", TEXT),
              Map.entry("trt_sparsity_enable", YES_OR_NO),
              Map.entry("trt_timing_cache_enable", YES_OR_NO),
              Map.entry("trt_timing_cache_path", TEXT)),
          Map.of("device_id", "device: gpu:0"));

  TensorRtOptions {
    given = Map.copyOf(given);
  }

  /** Takes its own out of a model's options, and adds what is wrong with them to the problems. */
  static TensorRtOptions parse(Map<String, String> engine, Collection<String> problems) {
    return new TensorRtOptions(OPTIONS.taken(engine, problems));
  }

  /** Where engines are kept that take minutes to make, if it is said. */
  Optional<Path> cache() {
    return Optional.ofNullable(given.get(CACHE)).map(Path::of);
  }

  /**
   * What the provider is told: to keep its engines, and to make them at once for all sizes of
   * batches, where only those vary. Left to itself it makes a new one, which takes as long, at the
   * first batch that is larger than all before.
   */
  Map<String, String> entries(List<GraphValue> inputs, int maxRows, Path cache) {
    Map<String, String> entries = new TreeMap<>();
    entries.put("trt_engine_cache_enable", "1");
    entries.put(CACHE, cache.toString());
    entries.put("trt_timing_cache_enable", "1");
    entries.put("trt_timing_cache_path", cache.toString());
    if (!Interface.shapesVary(inputs) && inputs.stream().allMatch(TensorRtOptions::hasOpenRows)) {
      entries.put("trt_profile_min_shapes", shapes(inputs, 1));
      entries.put("trt_profile_opt_shapes", shapes(inputs, maxRows));
      entries.put("trt_profile_max_shapes", shapes(inputs, maxRows));
    }
    entries.putAll(given);
    return entries;
  }

  private static boolean hasOpenRows(GraphValue input) {
    long[] shape = input.shape();
    return shape != null && shape.length > 0 && shape[0] < 0;
  }

  private static String shapes(List<GraphValue> inputs, int rows) {
    return inputs.stream()
        .map(input -> input.name() + ":" + sizes(input, rows))
        .collect(Collectors.joining(","));
  }

  private static String sizes(GraphValue input, int rows) {
    List<GraphValue.Dim> dims = input.dims() == null ? List.of() : input.dims();
    return dims.stream()
        .map(dim -> Long.toString(dim.size() < 0 ? rows : dim.size()))
        .collect(Collectors.joining("x"));
  }

  /** Has a session run on a GPU by TensorRT as far as it can. */
  void apply(OrtSession.SessionOptions session, Device gpu, Map<String, String> entries)
      throws OrtException {
    ProviderOptions.addTensorRt(session, gpu.index(), entries);
  }
}
