// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The file in which {@code ldconfig} keeps where libraries are, in the format that glibc has
 * written since 2.2 ({@code sysdeps/generic/dl-cache.h}).
 */
final class LinkerCache {
  private static final byte[] MAGIC = "glibc-ld.so.cache1.1".getBytes(ISO_8859_1);
  private static final int HEADER_BYTES = 48;
  private static final int ENTRY_BYTES = 24;

  /** The bits of an entry's flags that tell for which processor a library is. */
  private static final int ARCHITECTURE = 0xff00;

  private LinkerCache() {}

  /** Paths by name, of libraries for a processor; empty if the file is of another format. */
  static Map<String, Path> parse(byte[] content, ElfFile.Machine machine) {
    // older ones have a table for still older linkers in front
    int start = new String(content, ISO_8859_1).indexOf(new String(MAGIC, ISO_8859_1));
    if (start < 0 || content.length < start + HEADER_BYTES) {
      return Map.of();
    }
    ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
    int count = bytes.getInt(start + MAGIC.length);
    Map<String, Path> paths = new HashMap<>();
    for (int i = 0; i < count; i++) {
      int entry = start + HEADER_BYTES + i * ENTRY_BYTES;
      if (entry + ENTRY_BYTES > content.length) {
        break;
      }
      String name = text(content, start + bytes.getInt(entry + 4));
      String path = text(content, start + bytes.getInt(entry + 8));
      boolean isOurs = (bytes.getInt(entry) & ARCHITECTURE) == flags(machine);
      if (isOurs && !name.isEmpty() && !path.isEmpty()) {
        paths.putIfAbsent(name, Path.of(path)); // the first one is the linker's choice
      }
    }
    return paths;
  }

  private static int flags(ElfFile.Machine machine) {
    return switch (machine) {
      case X86_64 -> 0x0300;
      case AARCH64 -> 0x0a00;
      case OTHER -> -1;
    };
  }

  /** Empty if it is cut short. */
  private static String text(byte[] content, int start) {
    int end = start;
    while (end >= 0 && end < content.length && content[end] != 0) {
      end++;
    }
    return start < 0 || end >= content.length ? "" : new String(content, start, end - start, UTF_8);
  }
}
