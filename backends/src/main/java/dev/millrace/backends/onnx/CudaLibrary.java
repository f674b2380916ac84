// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import dev.millrace.backends.natives.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which of CUDA's runtime libraries this process is to use. Several may be installed, and memory
 * and streams of one are nothing to another: it is the one that ORT's provider was linked with.
 */
final class CudaLibrary {
  /** What this process has loaded, one part of a file a line, the path last. */
  private static final Path MAPS = Path.of("/proc/self/maps");

  private static final String PROVIDER = "libonnxruntime_providers_cuda.so";
  private static final String RUNTIME = "libcudart.so.";

  private CudaLibrary() {}

  /** Its name, such as {@code libcudart.so.13}. */
  static String ofThisProcess() throws OrtException {
    try {
      Path provider =
          provider(Files.readAllLines(MAPS))
              .orElseThrow(() -> none(PROVIDER + " has not been loaded"));
      return runtime(ElfFile.read(provider).needed())
          .orElseThrow(() -> none(provider + " needs no " + RUNTIME));
    } catch (IOException e) {
      throw none(e.toString());
    }
  }

  private static OrtException none(String reason) {
    return new OrtException("no CUDA runtime, because " + reason);
  }

  /** The file of the provider among what is loaded. */
  static Optional<Path> provider(List<String> maps) {
    return maps.stream()
        .filter(line -> line.endsWith("/" + PROVIDER))
        .map(line -> Path.of(line.substring(line.indexOf('/'))))
        .findFirst();
  }

  /** The runtime among libraries that a library needs. */
  static Optional<String> runtime(List<String> needed) {
    return needed.stream().filter(name -> name.startsWith(RUNTIME)).findFirst();
  }
}
