// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.onnxruntime.OrtProvider;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.TestInputs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What TensorRT is told. That it does so takes its libraries and a GPU. */
final class TensorRtOptionsTest {
  private static final Path CACHE = Path.of("engines");

  private static GraphValue input(String name, long... dims) {
    List<GraphValue.Dim> sizes = new ArrayList<>();
    for (long size : dims) {
      sizes.add(new GraphValue.Dim(size, ""));
    }
    return new GraphValue(name, GraphValue.Kind.TENSOR, 1, sizes);
  }

  @Test
  void enginesAreKeptAndMadeForAllSizesOfBatches() {
    TensorRtOptions options =
        TensorRtOptions.parse(Map.of("tensorrt.trt_fp16_enable", "1"), List.of());

    assertThat(options.entries(List.of(input("x", -1, 3, 224, 224), input("z", -1, 4)), 64, CACHE))
        .isEqualTo(
            Map.of(
                "trt_engine_cache_enable", "1",
                "trt_engine_cache_path", "engines",
                "trt_timing_cache_enable", "1",
                "trt_timing_cache_path", "engines",
                "trt_profile_min_shapes", "x:1x3x224x224,z:1x4",
                "trt_profile_opt_shapes", "x:64x3x224x224,z:64x4",
                "trt_profile_max_shapes", "x:64x3x224x224,z:64x4",
                "trt_fp16_enable", "1"));
  }

  @Test
  void whereMoreThanRowsVariesShapesAreItsOwner() {
    TensorRtOptions options =
        TensorRtOptions.parse(Map.of("tensorrt.trt_engine_cache_path", "here"), List.of());

    assertThat(options.entries(List.of(input("ids", -1, -1)), 64, CACHE))
        .doesNotContainKey("trt_profile_max_shapes")
        .containsEntry("trt_engine_cache_path", "here");
    assertThat(options.cache()).contains(Path.of("here"));
  }

  @Test
  void unknownOnesAreErrors() {
    List<String> problems = new ArrayList<>();
    TensorRtOptions.parse(
        Map.of("tensorrt.trt_fp61_enable", "1", "tensorrt.trt_int8_enable", "yes"), problems);
    assertThat(problems)
        .containsExactly(
            "unknown option 'tensorrt.trt_fp61_enable' (did you mean 'trt_fp16_enable'?)",
            "tensorrt.trt_int8_enable: 'yes' (expected 0 or 1)");
  }

  @Test
  void aBuildWithoutItSaysSo(@TempDir Path folder) {
    assumeFalse(
        new OrtProbe().compiledIn().contains(OrtProvider.TENSOR_RT),
        "this build has the provider: another reason there, or none");
    assertThatThrownBy(
            () ->
                new OnnxBackend()
                    .load(
                        Loading.write(folder, OnnxModels.mlp(2, 2)),
                        TestInputs.options(
                            Map.of(
                                "provider",
                                "tensorrt",
                                "tensorrt.trt_engine_cache_path",
                                folder.toString())),
                        Device.gpu(0)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("Failed to find TensorRT shared provider");
  }
}
