// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A file of a version at the moment of a scan; the fields behind {@code path} change when its
 * content does.
 *
 * @param relativeName below the version's folder, with slashes
 * @param fileKey what the file system knows it by: another file moved into its place has another
 */
public record FoundFile(
    String relativeName, Path path, long size, long mtimeNanos, String fileKey) {

  static FoundFile of(String relativeName, Path path, BasicFileAttributes attributes) {
    return new FoundFile(
        relativeName,
        path,
        attributes.size(),
        attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
        Objects.toString(attributes.fileKey()));
  }

  /** The same by another name. */
  FoundFile named(String otherName) {
    return new FoundFile(otherName, path, size, mtimeNanos, fileKey);
  }

  String name() {
    return relativeName.substring(relativeName.lastIndexOf('/') + 1);
  }
}
