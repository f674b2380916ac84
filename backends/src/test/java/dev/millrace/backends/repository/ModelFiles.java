// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.stream.Stream;

/** A folder of models whose files change at the times of a clock that the test moves. */
final class ModelFiles implements InstantSource {
  private final Path root;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  ModelFiles(Path root) {
    this.root = root;
  }

  /** The repository of these files, with ONNX Runtime as its only engine. */
  DirectoryRepository repository(Path staging) {
    return repository(staging, Files::copy);
  }

  DirectoryRepository repository(Path staging, FileCopy copy) {
    return new DirectoryRepository(
        root,
        staging,
        Map.of("onnxruntime", "model.onnx"),
        this,
        DirectoryRepository.DEFAULT_SETTLE_MILLIS,
        copy,
        new ConfigOverrides());
  }

  @Override
  public Instant instant() {
    return now;
  }

  void passMillis(long millis) {
    now = now.plusMillis(millis);
  }

  /** Writes a file, which changes it and everything it lies in. */
  Path write(String path, byte[] content) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
    passMillis(1);
    touchTo(file);
    return file;
  }

  Path write(String path, String content) throws IOException {
    return write(path, RepositoryContract.bytes(content));
  }

  Path folder(String path) throws IOException {
    Path folder = Files.createDirectories(root.resolve(path));
    passMillis(1);
    touchTo(folder);
    return folder;
  }

  /** A link in the repository, to wherever. */
  Path link(String path, Path target) throws IOException {
    Path link = root.resolve(path);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, target);
    passMillis(1);
    touchTo(link.resolveSibling("."));
    return link;
  }

  Path path(String path) {
    return root.resolve(path);
  }

  void delete(String path) throws IOException {
    deleteTree(root.resolve(path));
  }

  void deleteRoot() throws IOException {
    deleteTree(root);
  }

  private static void deleteTree(Path tree) throws IOException {
    try (Stream<Path> paths = Files.walk(tree)) {
      for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(path);
      }
    }
  }

  private void touchTo(Path path) throws IOException {
    Files.setLastModifiedTime(root, FileTime.from(now));
    Path place = root;
    for (Path name : root.relativize(path)) {
      place = place.resolve(name);
      Files.setLastModifiedTime(place, FileTime.from(now));
    }
  }
}
