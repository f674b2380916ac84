// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.backends.natives.ElfFile.Machine;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the dynamic section of an ELF file by its program headers, as the dynamic linker does, and
 * reads it. Names of fields and tags are those of elf(5).
 *
 * <p>Whatever is not as it should be ends in an exception of a buffer.
 */
final class ElfReader {
  private static final int MAGIC = 0x464c457f; // 0x7f E L F
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int HEADER_BYTES = 64;
  private static final int SYMBOL_BYTES = 24;

  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;

  private static final int DT_NULL = 0;
  private static final int DT_NEEDED = 1;
  private static final int DT_STRTAB = 5;
  private static final int DT_SYMTAB = 6;
  private static final int DT_SONAME = 14;
  private static final int DT_RPATH = 15;
  private static final int DT_RUNPATH = 29;
  private static final int DT_VERDEF = 0x6ffffffc;
  private static final int DT_VERNEED = 0x6ffffffe;

  /** Of a symbol version that is the library's own name. */
  private static final int VER_FLG_BASE = 1;

  /** More links of a chain than any library has: a damaged file may lead in a circle. */
  private static final int MOST_LINKS = 10_000;

  private final ByteBuffer bytes;
  private final List<Segment> segments = new ArrayList<>();

  private record Segment(int type, long offset, long address, long fileBytes) {}

  private record Entry(long tag, long value) {}

  ElfReader(ByteBuffer bytes) {
    this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  ElfFile read() {
    if (bytes.remaining() < HEADER_BYTES
        || bytes.getInt(0) != MAGIC
        || bytes.get(4) != CLASS_64
        || bytes.get(5) != LITTLE_ENDIAN) {
      throw new IllegalArgumentException("no 64-bit little-endian ELF file");
    }
    readSegments();
    List<Entry> dynamic = dynamic();
    int strings = at(value(dynamic, DT_STRTAB).orElseThrow(IllegalArgumentException::new));
    Optional<Long> runPath = value(dynamic, DT_RUNPATH).or(() -> value(dynamic, DT_RPATH));
    return new ElfFile(
        Machine.of(bytes.getShort(18)),
        value(dynamic, DT_SONAME).map(offset -> text(strings, offset)),
        dynamic.stream()
            .filter(entry -> entry.tag == DT_NEEDED)
            .map(entry -> text(strings, entry.value))
            .toList(),
        runPath
            .map(offset -> Arrays.asList(text(strings, offset).split(":", -1)))
            .orElse(List.of()),
        value(dynamic, DT_VERDEF).map(a -> definedVersions(at(a), strings)).orElse(Set.of()),
        value(dynamic, DT_VERNEED).map(a -> requiredVersions(at(a), strings)).orElse(Map.of()),
        symbols(dynamic, strings, true),
        symbols(dynamic, strings, false));
  }

  private void readSegments() {
    long table = bytes.getLong(32);
    int entryBytes = Short.toUnsignedInt(bytes.getShort(54));
    int count = Short.toUnsignedInt(bytes.getShort(56));
    for (int i = 0; i < count; i++) {
      int start = Math.toIntExact(table + (long) i * entryBytes);
      segments.add(
          new Segment(
              bytes.getInt(start),
              bytes.getLong(start + 8),
              bytes.getLong(start + 16),
              bytes.getLong(start + 32)));
    }
  }

  private List<Entry> dynamic() {
    Segment segment =
        segments.stream()
            .filter(s -> s.type == PT_DYNAMIC)
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("not linked dynamically"));
    List<Entry> entries = new ArrayList<>();
    int position = Math.toIntExact(segment.offset);
    while (bytes.getLong(position) != DT_NULL) {
      entries.add(new Entry(bytes.getLong(position), bytes.getLong(position + 8)));
      position += 16;
    }
    return entries;
  }

  private static Optional<Long> value(List<Entry> dynamic, long tag) {
    return dynamic.stream().filter(e -> e.tag == tag).map(Entry::value).findFirst();
  }

  /** Where in the file what is loaded to an address lies. */
  private int at(long address) {
    for (Segment segment : segments) {
      if (segment.type == PT_LOAD
          && address >= segment.address
          && address < segment.address + segment.fileBytes) {
        return Math.toIntExact(address - segment.address + segment.offset);
      }
    }
    throw new IllegalArgumentException("nothing at address " + address);
  }

  private String text(int strings, long offset) {
    int start = Math.toIntExact(strings + offset);
    int end = start;
    while (bytes.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - start];
    bytes.get(start, text);
    return new String(text, UTF_8);
  }

  /** Names of the table's symbols. Nothing says how many there are: linkers put the names next. */
  private Set<String> symbols(List<Entry> dynamic, int strings, boolean areDefined) {
    Optional<Long> table = value(dynamic, DT_SYMTAB);
    Set<String> names = new HashSet<>();
    if (table.isPresent()) {
      // the first one is nothing
      int start = at(table.get()) + SYMBOL_BYTES;
      for (int position = start; position + SYMBOL_BYTES <= strings; position += SYMBOL_BYTES) {
        boolean isDefined = bytes.getShort(position + 6) != 0;
        if (isDefined == areDefined) {
          names.add(text(strings, Integer.toUnsignedLong(bytes.getInt(position))));
        }
      }
    }
    return names;
  }

  private Set<String> definedVersions(int first, int strings) {
    Set<String> versions = new HashSet<>();
    int position = first;
    for (int links = 0; links < MOST_LINKS; links++) {
      int flags = bytes.getShort(position + 2);
      int names = position + bytes.getInt(position + 12);
      if ((flags & VER_FLG_BASE) == 0) {
        versions.add(text(strings, bytes.getInt(names)));
      }
      int next = bytes.getInt(position + 16);
      if (next == 0) {
        return versions;
      }
      position += next;
    }
    throw new IllegalArgumentException("versions without an end");
  }

  private Map<String, Set<String>> requiredVersions(int first, int strings) {
    Map<String, Set<String>> versions = new HashMap<>();
    int position = first;
    for (int links = 0; links < MOST_LINKS; links++) {
      String library = text(strings, bytes.getInt(position + 4));
      versions.put(library, requiredOf(position, strings));
      int next = bytes.getInt(position + 12);
      if (next == 0) {
        return versions;
      }
      position += next;
    }
    throw new IllegalArgumentException("versions without an end");
  }

  private Set<String> requiredOf(int library, int strings) {
    Set<String> versions = new HashSet<>();
    int count = Short.toUnsignedInt(bytes.getShort(library + 2));
    int position = library + bytes.getInt(library + 8);
    for (int i = 0; i < count; i++) {
      versions.add(text(strings, bytes.getInt(position + 8)));
      position += bytes.getInt(position + 12);
    }
    return versions;
  }
}
