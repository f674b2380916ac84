// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryRepositoryTest extends RepositoryContract {

  @TempDir Path folder;
  ModelFiles files;
  DirectoryRepository repository;

  @BeforeEach
  void create() throws IOException {
    Path root = Files.createDirectory(folder.resolve("models"));
    files = new ModelFiles(root);
    repository = files.repository(folder.resolve("staging"));
  }

  @AfterEach
  void close() {
    repository.close();
  }

  @Override
  protected ModelRepository repository() {
    return repository;
  }

  @Override
  protected void put(String model, long version, String file, byte[] content) throws IOException {
    files.write(model + "/" + version + "/" + file, content);
  }

  @Override
  protected void configure(String model, String yaml) throws IOException {
    files.write(model + "/model.yaml", yaml);
  }

  @Override
  protected void remove(String model, long version) throws IOException {
    files.delete(model + "/" + version);
  }

  @Override
  protected void breakRepository() throws IOException {
    files.deleteRoot();
  }

  @Override
  protected void settle() {
    files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
  }
}
