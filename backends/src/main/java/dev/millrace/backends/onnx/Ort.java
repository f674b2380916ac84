// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import java.util.regex.Pattern;

/** ORT's environment, of which a process has one. */
final class Ort {
  /** Where in ORT's own source a message comes from, with the function's signature. */
  private static final Pattern SOURCE_PLACE =
      Pattern.compile(
          "/onnxruntime_src/\\S+:\\d+ [^()]*(\\(anonymous namespace\\)[^()]*)?\\([^()]*\\)( const)? ");

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
    String message = start < 0 ? text : text.substring(start + "message: ".length());
    return SOURCE_PLACE.matcher(message.replace('\n', ' ')).replaceAll("").strip();
  }
}
