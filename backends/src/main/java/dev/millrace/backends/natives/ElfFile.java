// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a shared library of Linux says about itself, in the section that the dynamic linker reads.
 *
 * @param machine the processor it is for
 * @param soName the name by which others ask for it
 * @param needed libraries it cannot be loaded without
 * @param runPath folders in which those are looked for, {@code $ORIGIN} for its own
 * @param definedVersions versions of its symbols
 * @param requiredVersions versions of symbols that it asks of others, by their names
 * @param defined symbols that others may use
 * @param undefined symbols that it asks of others
 */
public record ElfFile(
    Machine machine,
    Optional<String> soName,
    List<String> needed,
    List<String> runPath,
    Set<String> definedVersions,
    Map<String, Set<String>> requiredVersions,
    Set<String> defined,
    Set<String> undefined) {

  public ElfFile {
    needed = List.copyOf(needed);
    runPath = List.copyOf(runPath);
    definedVersions = Set.copyOf(definedVersions);
    requiredVersions = Map.copyOf(requiredVersions);
    defined = Set.copyOf(defined);
    undefined = Set.copyOf(undefined);
  }

  /** Processors, as the format numbers them and as ONNX Runtime's jar names its folders. */
  public enum Machine {
    X86_64(62, "x86-64", "x64"),
    AARCH64(183, "aarch64", "aarch64"),
    OTHER(0, "another processor", "");

    private final int number;
    private final String text;
    private final String folderSuffix;

    Machine(int number, String text, String folderSuffix) {
      this.number = number;
      this.text = text;
      this.folderSuffix = folderSuffix;
    }

    static Machine of(int number) {
      for (Machine machine : values()) {
        if (machine.number == number) {
          return machine;
        }
      }
      return OTHER;
    }

    /** The one this JVM runs on. */
    static Machine ofThisJvm() {
      return switch (System.getProperty("os.arch", "")) {
        case "amd64", "x86_64" -> X86_64;
        case "aarch64" -> AARCH64;
        default -> OTHER;
      };
    }

    String folderSuffix() {
      return folderSuffix;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or is no shared library of a 64-bit Linux
   */
  public static ElfFile read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      long size = Math.min(channel.size(), Integer.MAX_VALUE);
      return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena).asByteBuffer());
    } catch (ArithmeticException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException(file + ": no shared library for 64-bit Linux", e);
    }
  }

  /**
   * Reads its bytes.
   *
   * @throws RuntimeException if they are not such a library's
   */
  static ElfFile parse(ByteBuffer bytes) {
    return new ElfReader(bytes).read();
  }
}
