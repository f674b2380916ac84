// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** A model's folder on this machine. */
record DirectoryFolder(Path path, List<Child> children) implements Folder {

  /** Reads the names in it. */
  static DirectoryFolder of(Path path) throws IOException {
    return new DirectoryFolder(
        path, ModelScanner.children(path).stream().map(DirectoryFolder::child).toList());
  }

  private static Child child(Path path) {
    return new Child(
        ModelScanner.nameOf(path), Files.isDirectory(path), Files.isSymbolicLink(path));
  }

  @Override
  public VersionFiles files(Predicate<String> excludedAtTop) {
    return VersionWalk.of(path, excludedAtTop);
  }

  @Override
  public VersionFiles filesIn(String child) {
    return VersionWalk.of(path.resolve(child), name -> false);
  }

  @Override
  public ManifestFile read(String child) throws IOException, ManifestException {
    Path file = path.resolve(child);
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw ManifestFile.problem(child, "not a plain file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      long modifiedMillis = Files.getLastModifiedTime(file).toMillis();
      return new ManifestFile(child, in.readNBytes(ManifestFile.MAX_BYTES + 1), modifiedMillis);
    }
  }

  @Override
  public boolean isReadable(FoundFile file) {
    return Files.isReadable(file.path());
  }
}
