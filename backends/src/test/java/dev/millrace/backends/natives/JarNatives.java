// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The native libraries of the jar, as files that a test may alter. */
public final class JarNatives {
  private JarNatives() {}

  public static JniLibrary jni() {
    try {
      return JniLibrary.ofThisBuild();
    } catch (NativesException e) {
      throw new IllegalStateException(e);
    }
  }

  public static byte[] runtime() {
    String folder = "linux-" + ElfFile.Machine.ofThisJvm().folderSuffix();
    String resource = "/ai/onnxruntime/native/" + folder + "/libonnxruntime.so";
    try (InputStream in = JarNatives.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("no " + resource);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same library that says it is of another version, in as many letters. */
  public static byte[] ofVersion(byte[] library, String version) {
    String own = "VERS_" + jni().ortVersion();
    String other = "VERS_" + version;
    if (own.length() != other.length()) {
      throw new IllegalArgumentException(version);
    }
    return new String(library, ISO_8859_1).replace(own, other).getBytes(ISO_8859_1);
  }

  /** The same library with a symbol of another name, in as many letters. */
  public static byte[] renaming(byte[] library, String symbol, String other) {
    return new String(library, ISO_8859_1).replace(symbol, other).getBytes(ISO_8859_1);
  }

  /** Whether the jar is the one for GPUs. */
  public static boolean areForGpus() {
    return jni().elf().undefined().stream().anyMatch(symbol -> symbol.endsWith("_Tensorrt"));
  }

  /** The same library that says it is for a processor of that number. */
  public static byte[] forMachine(byte[] library, int number) {
    byte[] other = library.clone();
    other[18] = (byte) number;
    return other;
  }

  public static Path write(Path file, byte[] content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, content);
  }
}
