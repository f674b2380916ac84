// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A repository, in which a call may put another configuration, or all of its files, in place of
 * what a model has there: Triton's {@code config} and {@code file:…} of a load. It holds until the
 * next load of that model, its unload, or the end of the process, and is listed, but never
 * resolved: deployments keep to what lies in the repository.
 *
 * <p>Whoever brings something waits for others who do. Nobody who lists or fetches waits for them,
 * nor they for a repository that takes long.
 */
public final class BroughtModels implements ModelRepository {
  private static final Logger log = LoggerFactory.getLogger(BroughtModels.class);

  private final ModelRepository repository;
  private final ConfigOverrides configs;
  private final Path folder;
  private final Path root;

  /** For files until all of them are there. */
  private final Path incoming;

  private final DirectoryRepository own;

  /** Models whose files were brought, as they were found then: nobody changes them here. */
  private final Map<String, ModelEntry> brought = new ConcurrentHashMap<>();

  /**
   * Takes over the repository: closing this one closes it.
   *
   * @param configs that the repository obeys
   * @param folder for what is brought; of this object alone
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   */
  public BroughtModels(
      ModelRepository repository,
      ConfigOverrides configs,
      Path folder,
      Map<String, String> defaultFileNames,
      InstantSource clock) {
    this.repository = repository;
    this.configs = configs;
    this.folder = folder.toAbsolutePath().normalize();
    this.root = this.folder.resolve("models");
    this.incoming = this.folder.resolve("incoming");
    // nothing here is ever on its way in: a model is there as a whole
    this.own =
        new DirectoryRepository(root, this.folder.resolve("copies"), defaultFileNames, clock, 0);
  }

  /**
   * Has a model be what it is in the repository, but for the configuration.
   *
   * @param pbtxt a Triton configuration
   */
  public synchronized void bringConfig(String model, String pbtxt) {
    configs.put(model, pbtxt);
    forgetFiles(model);
  }

  /**
   * Has a model be these files and no others.
   *
   * @param pbtxt its Triton configuration
   * @param files by their names below the model's folder
   * @throws IOException if they cannot be written; the model is then as it is in the repository
   */
  public synchronized void bringFiles(String model, String pbtxt, Map<String, byte[]> files)
      throws IOException {
    try {
      write(pbtxt, files);
      delete(root.resolve(model));
      Files.createDirectories(root);
      Files.move(incoming, root.resolve(model));
      for (ModelEntry entry : own.list()) {
        if (entry.name().equals(model)) {
          brought.put(model, entry); // in one step: nobody is to see what lies in the repository
        }
      }
    } catch (IOException e) {
      delete(incoming);
      forgetFiles(model);
      throw e;
    } finally {
      configs.remove(model);
    }
  }

  private void write(String pbtxt, Map<String, byte[]> files) throws IOException {
    Files.createDirectories(incoming);
    Files.writeString(incoming.resolve(Names.CONFIG_PBTXT), pbtxt);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = incoming.resolve(file.getKey());
      Files.createDirectories(path.resolveSibling("."));
      Files.write(path, file.getValue());
    }
  }

  /** Has a model be as it is in the repository. */
  public synchronized void forget(String model) {
    configs.remove(model);
    forgetFiles(model);
  }

  private void forgetFiles(String model) {
    brought.remove(model);
    delete(root.resolve(model));
  }

  private static void delete(Path folder) {
    try {
      if (Files.exists(folder)) {
        DurableFiles.deleteTree(folder);
      }
    } catch (IOException e) {
      log.warn("{} cannot be deleted: {}", folder, e.toString());
    }
  }

  @Override
  public String location() {
    return repository.location();
  }

  @Override
  public List<ModelEntry> list() throws IOException {
    List<ModelEntry> there = repository.list();
    if (brought.isEmpty()) {
      return there;
    }
    Map<String, ModelEntry> entries = new TreeMap<>();
    there.forEach(entry -> entries.put(entry.name(), entry));
    entries.putAll(brought);
    return List.copyOf(entries.values());
  }

  @Override
  public ModelEntry resolve(String model, VersionSelector selector) throws IOException {
    return repository.resolve(model, selector);
  }

  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
    return isOwn(entry, version) ? own.fetch(entry, version) : repository.fetch(entry, version);
  }

  /** What was brought is known by its content: a deployment may have resolved the other. */
  private boolean isOwn(ModelEntry entry, ModelVersion version) {
    return Optional.ofNullable(brought.get(entry.name())).stream()
        .flatMap(there -> there.versions().stream())
        .anyMatch(there -> there.fingerprint().equals(version.fingerprint()));
  }

  @Override
  public void release(ModelArtifact artifact) {
    if (artifact.file().startsWith(folder)) {
      own.release(artifact);
    } else {
      repository.release(artifact);
    }
  }

  @Override
  public void close() {
    repository.close();
    own.close();
    delete(root);
  }
}
