// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import dev.millrace.backends.model.Nearest;
import dev.millrace.backends.natives.NativesException;
import java.util.Arrays;
import java.util.List;

/** Builds of ONNX Runtime that can be had, each as one archive of a package registry. */
public enum NativesSource {
  CPU("cpu", Registry.PYPI, "onnxruntime", "the processor alone, as in the jar"),
  CUDA12(
      "cuda12",
      Registry.MAVEN,
      "com.microsoft.onnxruntime:onnxruntime_gpu",
      "NVIDIA GPUs, CUDA 12; the profile cuda of the build has it too"),
  CUDA13("cuda13", Registry.PYPI, "onnxruntime-gpu", "NVIDIA GPUs, CUDA 13"),
  OPENVINO("openvino", Registry.PYPI, "onnxruntime-openvino", "Intel's processors and GPUs");

  /** Whose client brings an archive. */
  enum Registry {
    /** Wheels, by pip. */
    PYPI("onnxruntime/capi/"),
    /** Jars, by Maven. */
    MAVEN("ai/onnxruntime/native/");

    private final String folder;

    Registry(String folder) {
      this.folder = folder;
    }

    /** Where in an archive the libraries for a platform such as {@code linux-x64} lie. */
    String folder(String platform) {
      return this == MAVEN ? folder + platform + "/" : folder;
    }
  }

  private final String word;
  private final Registry registry;
  private final String packageName;
  private final String description;

  NativesSource(String word, Registry registry, String packageName, String description) {
    this.word = word;
    this.registry = registry;
    this.packageName = packageName;
    this.description = description;
  }

  /** The one of that name. */
  public static NativesSource named(String word) throws NativesException {
    for (NativesSource source : values()) {
      if (source.word.equals(word)) {
        return source;
      }
    }
    List<String> words = Arrays.stream(values()).map(source -> source.word).toList();
    throw new NativesException("natives '%s'%s".formatted(word, Nearest.hint(word, words)));
  }

  /** As it is typed. */
  public String word() {
    return word;
  }

  Registry registry() {
    return registry;
  }

  /** As its registry knows it. */
  public String packageName() {
    return packageName;
  }

  /** What it is for. */
  public String description() {
    return description;
  }
}
