// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.millrace.backends.natives.LibrarySearch;
import dev.millrace.backends.natives.SystemLibraries;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Asks the ONNX Runtime of this process.
 *
 * <p>It tells at once what it was compiled with. That a provider's options can be made says
 * nothing: libraries are loaded when they are added to a session's, the driver is asked then, and
 * whether there is code for the GPU's architecture shows when the first kernel is launched.
 */
final class OrtProbe implements ProviderProbe {
  private static final String PATH_PROPERTY = "onnxruntime.native.path";

  @Override
  public String version() {
    return Ort.environment().getVersion();
  }

  @Override
  public String build() {
    return folder().map(OrtProbe::shown).orElse("the jar");
  }

  /** Behind links, where it may have been completed in a folder for temporary files. */
  private static String shown(Path folder) {
    try {
      Path runtime = folder.resolve(System.mapLibraryName("onnxruntime")).toRealPath();
      return String.valueOf(runtime.getParent());
    } catch (IOException e) {
      return folder.toString();
    }
  }

  private static Optional<Path> folder() {
    return Optional.ofNullable(System.getProperty(PATH_PROPERTY)).map(Path::of);
  }

  @Override
  public Set<OrtProvider> compiledIn() {
    Ort.environment();
    return OrtEnvironment.getAvailableProviders();
  }

  @Override
  @SuppressWarnings("restricted") // loads a library, which is all there is to know
  public boolean hasNvidiaDriver() {
    try {
      SymbolLookup.libraryLookup(ProviderFailure.DRIVER, Arena.global());
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Override
  public List<String> missingLibraries(OrtProvider provider) {
    Optional<Path> file = folder().map(folder -> folder.resolve(library(provider)));
    if (file.isEmpty() || !Files.isRegularFile(file.get())) {
      return List.of(); // still in the jar: ONNX Runtime says it itself, one at a time
    }
    try {
      return new SystemLibraries(LibrarySearch.ofThisProcess()).missing(file.get());
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String library(OrtProvider provider) {
    return "libonnxruntime_providers_" + Providers.word(provider) + ".so";
  }

  @Override
  public void tryOut(OrtProvider provider, int index) throws OrtException {
    try (SessionOptions options = new SessionOptions()) {
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      add(provider, index, options);
      if (provider == OrtProvider.CUDA) {
        options.addConfigEntry("session.disable_cpu_ep_fallback", "1");
        runOnce(options);
      }
    }
  }

  private static void add(OrtProvider provider, int index, SessionOptions options)
      throws OrtException {
    switch (provider) {
      case CUDA -> ProviderOptions.addCuda(options, index, Map.of());
      case TENSOR_RT -> ProviderOptions.addTensorRt(options, index, Map.of());
      case OPEN_VINO -> ProviderOptions.addOpenVino(options, Map.of());
      default -> throw new IllegalArgumentException("no device of " + provider);
    }
  }

  static void runOnce(SessionOptions options) throws OrtException {
    OrtEnvironment environment = Ort.environment();
    try (OrtSession session = environment.createSession(ProbeGraph.bytes(), options);
        OnnxTensor input = OnnxTensor.createTensor(environment, new float[] {1});
        OrtSession.Result result = session.run(Map.of(ProbeGraph.INPUT, input))) {
      if (((float[]) result.get(0).getValue())[0] != 2) {
        throw new OrtException("1 + 1 gave " + ((float[]) result.get(0).getValue())[0]);
      }
    }
  }
}
