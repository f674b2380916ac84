// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Folders of installed programs that outlive a build, so that only the first one downloads them.
 *
 * <p>A folder appears under its name when it is complete. Builds at the same time may install the
 * same twice; the first to end wins.
 */
final class ProvisionCache {
  private final Path root;

  /** In the home of who runs the tests. */
  static ProvisionCache ofThisUser() {
    return new ProvisionCache(Path.of(System.getProperty("user.home"), ".cache/millrace-tests"));
  }

  ProvisionCache(Path root) {
    this.root = root;
  }

  /** Fills an empty folder, which is moved afterwards. */
  @FunctionalInterface
  interface Installation {
    void into(Path folder) throws IOException, InterruptedException;
  }

  Path folder(String name, Installation installation) throws IOException, InterruptedException {
    Path folder = root.resolve(name);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    System.out.println("real clients: installing " + folder);
    Files.createDirectories(root);
    Path draft = Files.createTempDirectory(root, name + ".part");
    try {
      installation.into(draft);
      move(draft, folder);
    } finally {
      deleteAll(draft);
    }
    return folder;
  }

  private static void move(Path draft, Path folder) throws IOException {
    try {
      Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  private static void deleteAll(Path draft) throws IOException {
    if (!Files.exists(draft)) {
      return;
    }
    Files.walkFileTree(
        draft,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException failure)
              throws IOException {
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
