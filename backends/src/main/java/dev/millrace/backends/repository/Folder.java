// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** A model's folder as a scan sees it: on this machine, or as a registry lists it. */
interface Folder {

  /** What the names of its files are relative to. */
  Path path();

  /** What lies directly in it, by name. */
  List<Child> children();

  /**
   * Everything below it.
   *
   * @param excludedAtTop names directly in it that do not count
   */
  VersionFiles files(Predicate<String> excludedAtTop);

  /** Everything below one of its folders. */
  VersionFiles filesIn(String child);

  /**
   * The content of a file directly in it.
   *
   * @throws IOException if it cannot be read
   * @throws ManifestException if it is no file
   */
  ManifestFile read(String child) throws IOException, ManifestException;

  boolean isReadable(FoundFile file);

  /**
   * A name in a folder.
   *
   * @param isLink whether it is a symbolic link, which may lead to nothing
   */
  record Child(String name, boolean isFolder, boolean isLink) {}
}
