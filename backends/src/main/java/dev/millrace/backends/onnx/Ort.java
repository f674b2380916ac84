// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;

/** ORT's environment, of which a process has one. */
final class Ort {
  private Ort() {}

  private static final class Holder {
    // ORT writes coloured lines to stderr and has no hook for a log; what matters comes as
    // exception
    static final OrtEnvironment ENVIRONMENT =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "millrace");

    static {
      try {
        ENVIRONMENT.setTelemetry(false);
      } catch (OrtException e) {
        throw new ExceptionInInitializerError(e);
      }
    }
  }

  static OrtEnvironment environment() {
    return Holder.ENVIRONMENT;
  }

  /** ORT's message without the binding's prefix ("Error code - ORT_FAIL - message: "). */
  static String message(OrtException e) {
    String text = String.valueOf(e.getMessage());
    int start = text.indexOf("message: ");
    return (start < 0 ? text : text.substring(start + "message: ".length()))
        .replace('\n', ' ')
        .strip();
  }
}
