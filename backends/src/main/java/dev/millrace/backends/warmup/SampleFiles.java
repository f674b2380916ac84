// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The files of a version's folder {@code warmup}. */
final class SampleFiles {

  /** A request of a hundred images, written as JSON. */
  private static final int MAX_BYTES = 64 << 20;

  private final SortedMap<String, Path> files;

  SampleFiles(Map<String, Path> files) {
    this.files = new TreeMap<>(files);
  }

  Collection<String> names() {
    return files.keySet();
  }

  byte[] bytes(String name) throws IOException {
    Path file = files.get(name);
    if (file == null) {
      throw new IOException(
          "file '%s' is not in the folder warmup (there is %s)".formatted(name, files.keySet()));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException("more than %d bytes".formatted(MAX_BYTES));
      }
      return bytes;
    }
  }

  String text(String name) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(name))).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("not UTF-8 text", e);
    }
  }
}
