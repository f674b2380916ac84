// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/** Opens and closes sessions of one model on one device. Any thread. */
interface ModelSessions {

  /**
   * Opens one more.
   *
   * @param graphs whether its runs may be captured as CUDA graphs
   */
  OrtSession open(boolean graphs) throws OrtException;

  /** Closes one: nothing runs on it any more, which would take the process down. */
  void close(OrtSession session);
}
