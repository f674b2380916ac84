// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

/**
 * How runs of a model are captured as CUDA graphs.
 *
 * @param trial of each graph
 */
record Captures(CudaRuntime cuda, CaptureTrial trial) {}
