// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which CUDA runtime is used, and what is said where there is none. */
final class CudaLibraryTest {

  @Test
  void isTheOneOfTheProviderThatIsLoaded() {
    assertThat(
            CudaLibrary.provider(
                List.of(
                    "7f00-7f01 r--p 00000000 08:01 11  /usr/lib/libcudart.so.13",
                    "7f02-7f03 rw-p 00000000 00:00 0 ",
                    "7f04-7f05 r-xp 00000000 08:01 12  /opt/a b/libonnxruntime_providers_cuda.so",
                    "7f06-7f07 r--p 00001000 08:01 12  /opt/a b/libonnxruntime_providers_cuda.so")))
        .contains(Path.of("/opt/a b/libonnxruntime_providers_cuda.so"));
    assertThat(CudaLibrary.runtime(List.of("libcublas.so.12", "libcudart.so.12", "libcudnn.so.9")))
        .contains("libcudart.so.12");
    assertThat(CudaLibrary.runtime(List.of("libc.so.6"))).isEmpty();
  }

  @Test
  void thereIsNoneBeforeAProviderIsLoaded() {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "this system lists no loaded libraries");
    assertThatThrownBy(CudaLibrary::ofThisProcess)
        .isInstanceOf(OrtException.class)
        .hasMessageContaining(
            "no CUDA runtime, because libonnxruntime_providers_cuda.so has not been loaded");
  }

  @Test
  void aLibraryThatIsNotThereOrLacksAFunctionIsToldOf() {
    assertThatThrownBy(() -> CudaRuntime.load("libcudart.so.99"))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("no CUDA runtime, because of libcudart.so.99: ");
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "this system lists no loaded libraries");
    assertThatThrownBy(() -> CudaRuntime.load("libc.so.6"))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("no CUDA runtime, because of libc.so.6: ")
        .hasMessageContaining("cudaSetDevice");
  }
}
