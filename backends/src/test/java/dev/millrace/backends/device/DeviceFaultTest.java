// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DeviceFaultTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Error code - ORT_FAIL - message: [ONNXRuntimeError] : 1 : FAIL : CUDA failure 2: out of"
            + " memory ; GPU=0 ; hostname=worker ; file=/onnxruntime_src/onnxruntime/core/providers/"
            + "cuda/cuda_allocator.cc ; line=117 ; expr=cudaMalloc(&p, size);",
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running"
            + " Conv node. Name:'conv_17' Status Message: /onnxruntime_src/onnxruntime/core/framework/"
            + "bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool)"
            + " Failed to allocate memory for requested buffer of size 1073741824",
        "BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Available memory of"
            + " 8388608 is smaller than requested bytes of 33554432",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; expr=cublasCreate(&cublas_handle_)",
        "CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED ; GPU=0 ; expr=cudnnCreate(&cudnn_handle_)",
        "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "cudaErrorMemoryAllocation",
        "std::bad_alloc",
      })
  void aFullMemoryIsOutOfMemory(String text) {
    assertThat(DeviceFault.of(text)).isEqualTo(DeviceFault.OUT_OF_MEMORY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[ONNXRuntimeError] : 1 : FAIL : CUDA failure 719: unspecified launch failure ; GPU=0 ;"
            + " expr=cudaStreamSynchronize(static_cast<cudaStream_t>(stream_));",
        "CUDA failure 700: an illegal memory access was encountered ; GPU=1",
        "CUDA failure 214: uncorrectable ECC error encountered ; GPU=0",
        "cudaErrorECCUncorrectable",
        "CUDA error 46: all CUDA-capable devices are busy or unavailable",
        "CUDA error cudaErrorDevicesUnavailable:all CUDA-capable devices are busy or unavailable",
        "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
      })
  void aDeviceThatCannotBeUsedAnyMoreIsLost(String text) {
    assertThat(DeviceFault.of(text)).isEqualTo(DeviceFault.DEVICE_LOST);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "the run was terminated",
        "CUDA failure 98: invalid device function ; GPU=0",
        "CUDA failure 99999999999: no such number",
        "CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED ; GPU=0",
        "CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0",
        "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid dimensions for input: x",
        "Non-zero status code returned while running Gather node. indices element out of data"
            + " bounds, idx=719 must be within the inclusive range [-10,9]",
      })
  void otherFailuresSayNothingOfTheDevice(String text) {
    assertThat(DeviceFault.of(text)).isEqualTo(DeviceFault.NONE);
  }
}
