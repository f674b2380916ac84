// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.onnxruntime.OrtProvider;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.TestInputs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CudaOptionsTest {
  private static List<String> problems(String key, String value) {
    List<String> problems = new ArrayList<>();
    CudaOptions.parse(Map.of(key, value), problems);
    return problems;
  }

  @Test
  void memoryGrowsByWhatIsNeededUnlessSomethingElseIsWanted() {
    CudaOptions none = CudaOptions.parse(Map.of("graph_optimization_level", "all"), List.of());
    CudaOptions given =
        CudaOptions.parse(
            Map.of("cuda.arena_extend_strategy", "kNextPowerOfTwo", "cuda.use_tf32", "0"),
            List.of());

    assertThat(none.entries(0, false))
        .isEqualTo(
            Map.of(
                "arena_extend_strategy", "kSameAsRequested",
                "cudnn_conv_algo_search", "HEURISTIC",
                "enable_cuda_graph", "0"));
    assertThat(given.entries(2L << 30, true))
        .isEqualTo(
            Map.of(
                "arena_extend_strategy", "kNextPowerOfTwo",
                "cudnn_conv_algo_search", "HEURISTIC",
                "enable_cuda_graph", "1",
                "gpu_mem_limit", "2147483648",
                "use_tf32", "0"));
  }

  @Test
  void whatTheProviderWouldTakeWithoutAWordIsRefused() {
    assertThat(problems("cuda.use_tf23", "1"))
        .containsExactly("unknown option 'cuda.use_tf23' (did you mean 'use_tf32'?)");
    assertThat(problems("cuda.use_tf32", "yes"))
        .containsExactly("cuda.use_tf32: 'yes' (expected 0 or 1)");
    assertThat(problems("cuda.cudnn_conv_algo_search", "FAST"))
        .containsExactly(
            "cuda.cudnn_conv_algo_search: 'FAST' (expected one of EXHAUSTIVE, HEURISTIC, DEFAULT)");
    assertThat(problems("cuda.sdpa_kernel", "all"))
        .containsExactly("cuda.sdpa_kernel: 'all' (expected a whole number)");
  }

  @Test
  void whatHasAKeyOfItsOwnIsSaidThere() {
    assertThat(problems("cuda.gpu_mem_limit", "1"))
        .containsExactly(
            "unknown option 'cuda.gpu_mem_limit' (expected gpu_memory: 2GiB beside engine)");
    assertThat(problems("cuda.device_id", "1"))
        .containsExactly("unknown option 'cuda.device_id' (expected device: gpu:0 beside engine)");
  }

  @Test
  void theyAreCheckedWhereverTheModelRuns(@TempDir Path folder) {
    ModelOptions options = TestInputs.options(Map.of("cuda.use_tf23", "1"));

    assertThatThrownBy(() -> Loading.load(folder, OnnxModels.mlp(2, 2), options))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("unknown option 'cuda.use_tf23' (did you mean 'use_tf32'?)");
  }

  @Test
  void aBuildWithoutTheProviderSaysSo(@TempDir Path folder) {
    assumeFalse(
        new OrtProbe().compiledIn().contains(OrtProvider.CUDA),
        "this build has the provider: another reason there, or none");
    assertThatThrownBy(
            () ->
                new OnnxBackend()
                    .load(
                        Loading.write(folder, OnnxModels.mlp(2, 2)),
                        ModelOptions.DEFAULT,
                        Device.gpu(0)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("Failed to find CUDA shared provider");
  }
}
