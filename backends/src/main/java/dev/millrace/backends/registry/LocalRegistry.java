// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.registry.RegistryException.Kind;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.DirectoryRepository;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.storage.Digests;
import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry that needs no other system: a folder of models with numbered versions, as any
 * repository, in which each version keeps what is known of it beside its files, and a model its
 * aliases.
 *
 * <p>A version never changes: what is pushed under a number that exists must be the same, and what
 * is fetched is compared with the digests that were recorded. A push becomes visible by one rename.
 * Writers take turns, those of other processes too.
 */
public final class LocalRegistry implements ModelRepository {
  private static final String LOCK = ".lock";

  /** 18 digits, as in any repository. */
  private static final long HIGHEST_VERSION = 999_999_999_999_999_999L;

  private static final Logger log = LoggerFactory.getLogger(LocalRegistry.class);

  private final Path root;
  private final DirectoryRepository files;
  private final InstantSource clock;
  private final Object lock = new Object();

  /**
   * @param root the folder; made if it is not there
   * @param stagingFolder for copies of versions in use
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   * @throws IOException if the folder cannot be made
   */
  public LocalRegistry(
      Path root, Path stagingFolder, Map<String, String> defaultFileNames, InstantSource clock)
      throws IOException {
    this.root = Files.createDirectories(root.toAbsolutePath().normalize());
    this.clock = clock;
    deleteLeftBehind();
    // nothing here is ever on its way in: a version is there as a whole
    this.files = new DirectoryRepository(this.root, stagingFolder, defaultFileNames, clock, 0);
  }

  /** Of processes that have died in the midst of it. */
  private void deleteLeftBehind() throws IOException {
    if (Incoming.find(root).isEmpty()) {
      return; // a folder that cannot be written can be served all the same
    }
    inTurn(
        () -> {
          for (Path left : Incoming.find(root)) {
            Incoming.deleteIfLeftBehind(left);
          }
          return true;
        });
  }

  // --- reading

  @Override
  public String location() {
    return "registry " + root;
  }

  @Override
  public List<ModelEntry> list() throws IOException {
    return files.list();
  }

  @Override
  public ModelEntry resolve(String model, VersionSelector selector) throws IOException {
    if (!(selector instanceof VersionSelector.Alias alias)) {
      return files.resolve(model, selector);
    }
    SortedMap<String, Long> aliases = VersionRecord.readAliases(root.resolve(model));
    Long version = aliases.get(alias.name());
    if (version == null) {
      throw new UnknownVersionException(
          "model '%s': alias '%s' not found in %s (there is %s)"
              .formatted(model, alias.name(), location(), aliases.keySet()),
          Files.isDirectory(root.resolve(model)));
    }
    return files.resolve(model, new VersionSelector.Exactly(version));
  }

  /** {@inheritDoc} Only if it is what was pushed. */
  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
    Path folder = folder(entry.name(), version.number());
    RegisteredVersion known = VersionRecord.read(entry.name(), version.number(), folder);
    for (RegisteredFile file : known.files()) {
      String digest = Digests.of(folder.resolve(file.name()));
      if (!digest.equals(file.sha256())) {
        throw new AlteredException(
            "model '%s' version %d: %s was altered: SHA-256 %s (expected %s)"
                .formatted(entry.name(), version.number(), file.name(), digest, file.sha256()));
      }
    }
    return files.fetch(entry, version);
  }

  @Override
  public void release(ModelArtifact artifact) {
    files.release(artifact);
  }

  @Override
  public void close() {
    files.close();
  }

  /** Every model that has versions, by name. */
  public List<RegisteredModel> models() throws IOException {
    List<RegisteredModel> models = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(root, Files::isDirectory)) {
      for (Path folder : folders) {
        String name = folder.getFileName().toString();
        if (!name.startsWith(".")) {
          models.add(read(name));
        }
      }
    }
    models.removeIf(model -> model.versions().isEmpty());
    models.sort(Comparator.comparing(RegisteredModel::name));
    return models;
  }

  /** One model. */
  public RegisteredModel model(String name) throws IOException, RegistryException {
    RegisteredModel model = VersionSelector.isModelName(name) ? read(name) : null;
    if (model == null || model.versions().isEmpty()) {
      throw new RegistryException(Kind.NOT_FOUND, "model '" + name + "': not found");
    }
    return model;
  }

  private RegisteredModel read(String name) throws IOException {
    List<RegisteredVersion> versions = new ArrayList<>();
    for (long number : numbers(name)) {
      try {
        versions.add(VersionRecord.read(name, number, folder(name, number)));
      } catch (IOException e) {
        log.error("{}: left out, {}", location(), e.getMessage()); // the others are to be seen
      }
    }
    return new RegisteredModel(
        name, List.copyOf(versions), VersionRecord.readAliases(root.resolve(name)));
  }

  private List<Long> numbers(String name) throws IOException {
    Path model = root.resolve(name);
    if (!Files.isDirectory(model)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(model)) {
      return children
          .filter(child -> Files.exists(child.resolve(VersionRecord.FILE)))
          .map(child -> child.getFileName().toString())
          .filter(child -> child.matches("[1-9][0-9]{0,17}"))
          .map(Long::parseLong)
          .sorted()
          .toList();
    }
  }

  private Path folder(String model, long version) {
    return root.resolve(model).resolve(Long.toString(version));
  }

  // --- writing

  /**
   * Begins to take a version in.
   *
   * @param version its number; 0 for one more than the highest there is when it has arrived
   * @param expected the files to come, in that order
   */
  public Upload begin(String model, long version, List<RegisteredFile> expected)
      throws IOException, RegistryException {
    if (!VersionSelector.isModelName(model)) {
      throw new RegistryException(
          Kind.INVALID,
          "model: '%s' (expected 1..128 of the letters A-Z a-z 0-9 _ - . and neither - nor . first)"
              .formatted(model));
    }
    if (version < 0 || version > HIGHEST_VERSION) {
      throw new RegistryException(
          Kind.INVALID,
          "version: %d (expected 1 to %d, or none)".formatted(version, HIGHEST_VERSION));
    }
    return new Upload(this, model, version, expected, inTurn(() -> Incoming.create(root)));
  }

  /** Makes what has arrived visible. */
  RegisteredVersion commit(Upload upload, RegisteredVersion described)
      throws IOException, RegistryException {
    return inTurn(
        () -> {
          List<Long> there = numbers(described.model());
          Path model = Files.createDirectories(root.resolve(described.model()));
          // numbers are not given twice, to what was deleted neither
          long highest =
              Math.max(VersionRecord.readHighest(model), there.isEmpty() ? 0 : there.getLast());
          long number = described.version() == 0 ? highest + 1 : described.version();
          if (there.contains(number)) {
            RegisteredVersion old =
                VersionRecord.read(described.model(), number, folder(described.model(), number));
            if (old.digest().equals(described.digest())) {
              return old; // pushed again: a job that was repeated
            }
            throw new RegistryException(
                Kind.CONFLICT,
                "model '%s' version %d is there with another content: %s (pushed: %s); versions never change"
                    .formatted(described.model(), number, old.digest(), described.digest()));
          }
          RegisteredVersion version =
              new RegisteredVersion(
                  described.model(),
                  number,
                  described.digest(),
                  clock.instant(),
                  described.files(),
                  described.metadata(),
                  described.note(),
                  described.inputs(),
                  described.outputs(),
                  described.pushedBy());
          VersionRecord.write(upload.files(), version);
          Files.move(
              upload.files(), folder(described.model(), number), StandardCopyOption.ATOMIC_MOVE);
          DurableFiles.sync(model);
          return version;
        });
  }

  /** Has an alias mean a version from now on. */
  public RegisteredModel setAlias(String model, String alias, long version)
      throws IOException, RegistryException {
    if (!VersionSelector.isAlias(alias)) {
      throw new RegistryException(
          Kind.INVALID,
          "alias: '%s' (expected up to 64 of the letters A-Z a-z 0-9 _ - . of which the first is a letter or _, and not 'latest')"
              .formatted(alias));
    }
    return inTurn(
        () -> {
          RegisteredModel now = model(model);
          requireVersion(now, version);
          SortedMap<String, Long> aliases = new TreeMap<>(now.aliases());
          aliases.put(alias, version);
          VersionRecord.writeAliases(root.resolve(model), aliases);
          return new RegisteredModel(model, now.versions(), aliases);
        });
  }

  /** Has an alias mean nothing any more. */
  public RegisteredModel deleteAlias(String model, String alias)
      throws IOException, RegistryException {
    return inTurn(
        () -> {
          RegisteredModel now = model(model);
          SortedMap<String, Long> aliases = new TreeMap<>(now.aliases());
          if (aliases.remove(alias) == null) {
            throw new RegistryException(
                Kind.NOT_FOUND,
                "model '%s': alias '%s' not found (there is %s)"
                    .formatted(model, alias, now.aliases().keySet()));
          }
          VersionRecord.writeAliases(root.resolve(model), aliases);
          return new RegisteredModel(model, now.versions(), aliases);
        });
  }

  /**
   * Takes a version away that nothing means any more.
   *
   * @param inUse asked whether something does, with the model's name and the version
   */
  public RegisteredModel deleteVersion(String model, long version, BiPredicate<String, Long> inUse)
      throws IOException, RegistryException {
    return inTurn(
        () -> {
          RegisteredModel now = model(model);
          requireVersion(now, version);
          List<String> aliases =
              now.aliases().entrySet().stream()
                  .filter(alias -> alias.getValue() == version)
                  .map(Map.Entry::getKey)
                  .toList();
          if (!aliases.isEmpty()) {
            throw new RegistryException(
                Kind.IN_USE,
                "model '%s' version %d: still meant by %s (take these away first)"
                    .formatted(model, version, aliases));
          }
          if (inUse.test(model, version)) {
            throw new RegistryException(
                Kind.IN_USE,
                "model '%s' version %d: a deployment still means it".formatted(model, version));
          }
          long highest = Math.max(VersionRecord.readHighest(root.resolve(model)), version);
          VersionRecord.writeHighest(root.resolve(model), highest);
          Path gone = Incoming.unnamed(root);
          Files.move(folder(model, version), gone, StandardCopyOption.ATOMIC_MOVE);
          DurableFiles.deleteTree(gone);
          return read(model);
        });
  }

  private static void requireVersion(RegisteredModel model, long version) throws RegistryException {
    if (model.versions().stream().noneMatch(there -> there.version() == version)) {
      throw new RegistryException(
          Kind.NOT_FOUND,
          "model '%s': version %d not found (there is %s)"
              .formatted(
                  model.name(),
                  version,
                  model.versions().stream().map(RegisteredVersion::version).toList()));
    }
  }

  /** What a writer does. */
  private interface Change<T, E extends Exception> {
    T make() throws IOException, E;
  }

  /** Makes a change while nobody else does, here or in another process. */
  private <T, E extends Exception> T inTurn(Change<T, E> change) throws IOException, E {
    synchronized (lock) {
      try (FileChannel channel =
          FileChannel.open(
              root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.lock();
        return change.make();
      }
    }
  }
}
