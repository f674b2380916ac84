// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A wheel or a jar: both are ZIP files. */
final class Archive {
  /** Not Python's own module, which is as large as the runtime. */
  private static final Pattern LIBRARY = Pattern.compile("lib[A-Za-z0-9_+-]+\\.so(\\.[0-9]+)*");

  private final Path file;

  Archive(Path file) {
    this.file = file;
  }

  /** Takes the shared libraries of a folder out of it, and returns their names. */
  List<String> unpack(String folder, Path target) throws IOException {
    List<String> names = new ArrayList<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        String name = entry.getName().startsWith(folder) ? rest(entry, folder) : "";
        if (LIBRARY.matcher(name).matches()) {
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, target.resolve(name));
          }
          names.add(name);
        }
      }
    }
    return names;
  }

  private static String rest(ZipEntry entry, String folder) {
    return entry.getName().substring(folder.length());
  }
}
