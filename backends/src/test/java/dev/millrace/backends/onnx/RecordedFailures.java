// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

/**
 * What ONNX Runtime 1.29 says where its CUDA provider does not work.
 *
 * <p>That a library is missing was recorded. What CUDA itself refuses takes a GPU or its driver:
 * those are texts that users report of this version, with CUDA's own words for the number.
 */
final class RecordedFailures {
  private static final String PLACE =
      "Error code - ORT_FAIL - message: /onnxruntime_src/onnxruntime/core/session/"
          + "provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() "
          + "[ONNXRuntimeError] : 1 : FAIL : ";

  /** Recorded: the CUDA 13 build on a machine without anything of CUDA. */
  static final String MISSING_LIBRARY =
      PLACE
          + "Failed to load library /natives/libonnxruntime_providers_cuda.so with error: "
          + "libcublasLt.so.13: cannot open shared object file: No such file or directory\n";

  private static final String CUDA_PLACE =
      "Error code - ORT_FAIL - message: /onnxruntime_src/onnxruntime/core/providers/cuda/"
          + "cuda_call.cc:122 std::conditional_t<THRW, void, onnxruntime::common::Status> "
          + "onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, "
          + "const char*, int) [with ERRTYPE = cudaError; bool THRW = true; SUCCTYPE = cudaError; "
          + "std::conditional_t<THRW, void, common::Status> = void] ";

  static final String OLD_DRIVER =
      cuda(35, "CUDA driver version is insufficient for CUDA runtime version");
  static final String NO_GPU = cuda(100, "no CUDA-capable device is detected");
  static final String NO_KERNEL =
      cuda(209, "no kernel image is available for execution on the device");
  static final String FULL = cuda(2, "out of memory");
  static final String UNHEARD_OF = cuda(999, "unknown error");

  private RecordedFailures() {}

  private static String cuda(int number, String text) {
    return CUDA_PLACE
        + "CUDA failure %d: %s ; GPU=-1 ; hostname=h ; file=/onnxruntime_src/onnxruntime/core/"
            .formatted(number, text)
        + "providers/cuda/cuda_execution_provider.cc ; line=336 ; "
        + "expr=cudaSetDevice(info_.device_id); ";
  }

  static String noSuchDevice(int index, int count) {
    return "Error code - ORT_INVALID_ARGUMENT - message: Invalid device ID: %d, must be between 0 (inclusive) and %d (exclusive)."
        .formatted(index, count);
  }
}
