// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtProvider;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/** What execution providers are called. */
final class Providers {
  private Providers() {}

  /** As their makers write it. */
  static String name(OrtProvider provider) {
    return switch (provider) {
      case CPU -> "CPU";
      case CUDA -> "CUDA";
      case TENSOR_RT -> "TensorRT";
      case OPEN_VINO -> "OpenVINO";
      default -> provider.name();
    };
  }

  /** In lower case, as in names of files and options. */
  static String word(OrtProvider provider) {
    return name(provider).toLowerCase(Locale.ROOT);
  }

  static String names(Collection<OrtProvider> providers) {
    return providers.stream().sorted().map(Providers::name).collect(Collectors.joining(", "));
  }
}
