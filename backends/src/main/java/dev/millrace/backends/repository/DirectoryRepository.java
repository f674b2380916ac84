// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.FoundModel.FoundVersion;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A folder of models on this machine, or mounted into it. It is only ever read.
 *
 * <p>Layouts, side by side if one likes: {@code model/version/model.onnx}, {@code model/model.onnx}
 * (version 1) and {@code model.onnx} (version 1). Symbolic links are followed.
 *
 * <p>Two things can go wrong while somebody copies into it, and are guarded against separately. A
 * version may be <em>incomplete</em> when it is listed: it counts as settled only once it has not
 * changed for a while, or from one listing to the next. And it may change <em>while it is
 * used</em>: an engine maps the files of external data into memory, and a write in place into a
 * mapped file takes the process down. So a version of several files is copied before use and used
 * only if it did not change meanwhile. A lone file is read once, as a whole, and is used where it
 * lies, and so are the requests to warm it up with. (Hard links instead of copies would not help: a
 * write in place reaches them as well.)
 */
public final class DirectoryRepository implements ModelRepository {

  /** Longer than copying tools pause between writes, shorter than anybody waits for a model. */
  public static final long DEFAULT_SETTLE_MILLIS = 1_000;

  private final Path root;
  private final ModelScanner scanner;
  private final Staging staging;
  private final Settling settling;

  /**
   * @param root the folder of models; need not exist yet
   * @param stagingFolder for copies of versions in use; of this repository alone, empty or not
   *     there yet
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   * @param clock the time to compare file times with
   */
  public DirectoryRepository(
      Path root, Path stagingFolder, Map<String, String> defaultFileNames, InstantSource clock) {
    this(root, stagingFolder, defaultFileNames, clock, DEFAULT_SETTLE_MILLIS);
  }

  /**
   * @param settleMillis how long a version must not have changed to be loaded at first sight
   */
  public DirectoryRepository(
      Path root,
      Path stagingFolder,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      long settleMillis) {
    this(
        root,
        stagingFolder,
        defaultFileNames,
        clock,
        settleMillis,
        Files::copy,
        new ConfigOverrides());
  }

  /**
   * @param configs in place of those that lie with the models
   */
  public DirectoryRepository(
      Path root,
      Path stagingFolder,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      ConfigOverrides configs) {
    this(root, stagingFolder, defaultFileNames, clock, DEFAULT_SETTLE_MILLIS, Files::copy, configs);
  }

  DirectoryRepository(
      Path root,
      Path stagingFolder,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      long settleMillis,
      FileCopy copy,
      ConfigOverrides configs) {
    this.root = root.toAbsolutePath().normalize();
    Path absoluteStaging = stagingFolder.toAbsolutePath().normalize();
    if (isVisibleIn(this.root, absoluteStaging) || this.root.startsWith(absoluteStaging)) {
      throw new IllegalArgumentException(
          "staging folder "
              + absoluteStaging
              + " (expected a place outside of the repository "
              + this.root
              + ")");
    }
    this.scanner = new ModelScanner(this.root, Map.copyOf(defaultFileNames), configs);
    this.staging = new Staging(absoluteStaging, copy);
    this.settling = new Settling(clock, settleMillis);
  }

  /** Whether listing {@code root} would take the folder for a model. */
  private static boolean isVisibleIn(Path root, Path folder) {
    return folder.equals(root)
        || (folder.startsWith(root)
            && !Names.isHidden(folder.getName(root.getNameCount()).toString()));
  }

  @Override
  public String location() {
    return root.toString();
  }

  @Override
  public List<ModelEntry> list() throws IOException {
    return settling.list(scanner.scan());
  }

  /** {@inheritDoc} A folder of models knows no aliases. */
  @Override
  public ModelEntry resolve(String name, VersionSelector selector) throws IOException {
    if (selector instanceof VersionSelector.Alias alias) {
      throw new UnknownVersionException(
          "model '%s': alias '%s' not found (%s knows no aliases)"
              .formatted(name, alias.name(), root),
          false);
    }
    FoundModel model =
        scanner
            .scan(name, VersionPolicy.of(selector))
            .orElseThrow(
                () ->
                    new UnknownVersionException(
                        "model '%s': not found in %s".formatted(name, root), false));
    model.require(selector, location());
    return model.toEntry(settling::isOld);
  }

  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
    FoundVersion found = find(entry, version);
    Path modelFile = found.modelFile().orElseThrow();
    if (found.isLoneFile()) {
      return new ModelArtifact(
          entry.name(), version.number(), modelFile, found.bytes(), found.warmUpFiles());
    }
    Path copy = staging.copy(entry.name(), version.number(), found.files().files());
    Path copiedFile = copy.resolve(found.files().base().relativize(modelFile));
    try {
      find(entry, version);
    } catch (IOException e) {
      staging.release(copiedFile);
      throw e;
    }
    return new ModelArtifact(
        entry.name(), version.number(), copiedFile, found.bytes(), found.warmUpFiles());
  }

  /** The version as it is now, if that is still what was listed. */
  private FoundVersion find(ModelEntry entry, ModelVersion version) throws IOException {
    String what = "model '" + entry.name() + "' version " + version.number() + " in " + root;
    FoundModel model =
        scanner
            .scan(entry.name(), new VersionPolicy.Specific(Set.of(version.number())))
            .orElseThrow(() -> new IOException(what + " is gone"));
    Optional<FoundVersion> found =
        model.version(version.number()).filter(there -> !there.isMissing());
    Optional<String> problem = model.problem().or(() -> found.flatMap(FoundVersion::problem));
    if (problem.isPresent()) {
      throw new IOException(what + ": " + problem.get());
    }
    FoundVersion now = found.orElseThrow(() -> new IOException(what + " is gone"));
    if (!now.fingerprint().equals(version.fingerprint())) {
      throw new IOException(what + " changed while being read");
    }
    return now;
  }

  @Override
  public void release(ModelArtifact artifact) {
    staging.release(artifact.file());
  }

  /** Deletes all copies: nothing that was fetched may be in use any more. */
  @Override
  public void close() {
    staging.close();
  }
}
