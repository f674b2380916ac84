// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * ONNX Runtime's library for the JVM, out of the jar on the class path: what every other build of
 * the runtime has to go with.
 *
 * <p>It asks for symbols of one version of the runtime, and the dynamic linker refuses any other:
 * that version, and not a file's name, says what fits.
 */
public final class JniLibrary {
  static final String FILE_NAME = "libonnxruntime4j_jni.so";
  static final String RUNTIME_NAME = "libonnxruntime.so.1";

  private static final String VERSION_PREFIX = "VERS_";

  /** Of all that the runtime offers. */
  private static final String SYMBOL_PREFIX = "Ort";

  private final byte[] content;
  private final ElfFile elf;
  private final String ortVersion;

  private JniLibrary(byte[] content, ElfFile elf, String ortVersion) {
    this.content = content;
    this.elf = elf;
    this.ortVersion = ortVersion;
  }

  /**
   * The one for this machine.
   *
   * @throws NativesException if there is none, because this is no Linux, say
   */
  public static JniLibrary ofThisBuild() throws NativesException {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new NativesException(
          "other native libraries than those of the jar are for Linux only; this is "
              + System.getProperty("os.name"));
    }
    String folder = "linux-" + ElfFile.Machine.ofThisJvm().folderSuffix();
    String resource = "/ai/onnxruntime/native/" + folder + "/" + FILE_NAME;
    try (InputStream in = JniLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new NativesException("no " + resource + " on the class path");
      }
      byte[] content = in.readAllBytes();
      ElfFile elf = ElfFile.parse(ByteBuffer.wrap(content));
      String version =
          requiredOrt(elf)
              .orElseThrow(() -> new NativesException(resource + " names no version of its own"));
      return new JniLibrary(content, elf, version);
    } catch (IOException e) {
      throw new NativesException("cannot read " + resource + ": " + e, e);
    }
  }

  /** The version of ONNX Runtime that a JVM library asks for. */
  static Optional<String> requiredOrt(ElfFile jni) {
    return jni.requiredVersions().entrySet().stream()
        .filter(entry -> entry.getKey().equals(RUNTIME_NAME))
        .flatMap(entry -> entry.getValue().stream())
        .filter(version -> version.startsWith(VERSION_PREFIX))
        .map(version -> version.substring(VERSION_PREFIX.length()))
        .findFirst();
  }

  /** The version of ONNX Runtime that a runtime library is. */
  static Optional<String> providedOrt(ElfFile runtime) {
    return runtime.definedVersions().stream()
        .filter(version -> version.startsWith(VERSION_PREFIX))
        .map(version -> version.substring(VERSION_PREFIX.length()))
        .findFirst();
  }

  /** Such as {@code 1.29.0}. */
  public String ortVersion() {
    return ortVersion;
  }

  /** As ONNX Runtime names it, such as {@code linux-x64}. */
  public String platform() {
    return "linux-" + machine().folderSuffix();
  }

  /** What it calls of the runtime: the one of a jar for GPUs more than that for processors. */
  static List<String> missingIn(ElfFile runtime, ElfFile jni) {
    return jni.undefined().stream()
        .filter(symbol -> symbol.startsWith(SYMBOL_PREFIX))
        .filter(symbol -> !runtime.defined().contains(symbol))
        .sorted()
        .toList();
  }

  ElfFile elf() {
    return elf;
  }

  ElfFile.Machine machine() {
    return elf.machine();
  }

  byte[] content() {
    return content.clone();
  }
}
