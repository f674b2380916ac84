// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * How runs of a model are captured as CUDA graphs.
 *
 * @param trial of each graph
 * @param another opens one more session of the model: each runner needs its own
 */
record Captures(CudaRuntime cuda, CaptureTrial trial, SessionOpener another) {

  /** Opens a session. */
  @FunctionalInterface
  interface SessionOpener {
    OrtSession open() throws OrtException;
  }
}
