// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import dev.millrace.backends.storage.Digests;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A file of a version.
 *
 * @param name below the version's folder, with slashes
 * @param size in bytes
 * @param sha256 in hex
 */
public record RegisteredFile(String name, long size, String sha256) {

  /** A digest over several: names, sizes and contents, whatever their order. */
  static String digestOf(List<RegisteredFile> files) {
    return Digests.of(
        files.stream()
            .sorted(Comparator.comparing(RegisteredFile::name))
            .map(file -> file.name + "\0" + file.size + "\0" + file.sha256 + "\n")
            .collect(Collectors.joining()));
  }
}
