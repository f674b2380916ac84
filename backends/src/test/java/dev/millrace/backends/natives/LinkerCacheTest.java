// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LinkerCacheTest {
  private static final int X86_64 = 0x0303;
  private static final int AARCH64 = 0x0a03;

  private record Entry(int flags, String name, String path) {}

  private static final List<Entry> ENTRIES =
      List.of(
          new Entry(X86_64, "libcuda.so.1", "/usr/lib/first/libcuda.so.1"),
          new Entry(X86_64, "libcuda.so.1", "/usr/lib/second/libcuda.so.1"),
          new Entry(AARCH64, "libarm.so.1", "/usr/lib/libarm.so.1"));

  /** As glibc writes it. */
  private static byte[] cache(List<Entry> entries) {
    ByteArrayOutputStream strings = new ByteArrayOutputStream();
    int stringsStart = 48 + 24 * entries.size();
    ByteBuffer table = ByteBuffer.allocate(stringsStart).order(ByteOrder.nativeOrder());
    table.put("glibc-ld.so.cache1.1".getBytes(US_ASCII)).putInt(entries.size());
    table.position(48);
    for (Entry entry : entries) {
      table.putInt(entry.flags);
      for (String text : List.of(entry.name, entry.path)) {
        table.putInt(stringsStart + strings.size());
        strings.writeBytes((text + "\0").getBytes(US_ASCII));
      }
      table.putInt(0).putLong(0);
    }
    return concat(table.array(), strings.toByteArray());
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Test
  void takesTheFirstOfEachNameForTheProcessor() {
    assertThat(LinkerCache.parse(cache(ENTRIES), ElfFile.Machine.X86_64))
        .isEqualTo(Map.of("libcuda.so.1", Path.of("/usr/lib/first/libcuda.so.1")));
    assertThat(LinkerCache.parse(cache(ENTRIES), ElfFile.Machine.AARCH64))
        .isEqualTo(Map.of("libarm.so.1", Path.of("/usr/lib/libarm.so.1")));
  }

  @Test
  void findsTheTableBehindThatOfOlderLinkers() {
    byte[] older = "ld.so-1.7.0 and whatever it held ".getBytes(US_ASCII);

    assertThat(LinkerCache.parse(concat(older, cache(ENTRIES)), ElfFile.Machine.X86_64))
        .containsKey("libcuda.so.1");
  }

  @Test
  void aFileThatIsNoneOrCutShortHasWhatCanBeRead() {
    byte[] whole = cache(ENTRIES);

    assertThat(LinkerCache.parse(new byte[] {1, 2, 3}, ElfFile.Machine.X86_64)).isEmpty();
    for (int length = 0; length < whole.length; length++) {
      assertThat(LinkerCache.parse(Arrays.copyOf(whole, length), ElfFile.Machine.X86_64))
          .hasSizeLessThanOrEqualTo(1);
    }
  }

  @Test
  void readsTheOneOfThisMachine() throws IOException {
    Path file = Path.of("/etc/ld.so.cache");
    assumeThat(file).isReadable();

    Map<String, Path> paths =
        LinkerCache.parse(Files.readAllBytes(file), ElfFile.Machine.ofThisJvm());

    assertThat(paths).containsKey("libc.so.6");
    assertThat(paths.get("libc.so.6")).isRegularFile();
  }
}
