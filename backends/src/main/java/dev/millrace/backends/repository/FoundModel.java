// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A model as a scan found it.
 *
 * @param versions those that the manifest asks for, ascending; none if there is a problem
 * @param problem why the model cannot be served at all
 */
public record FoundModel(
    String name, ModelManifest manifest, List<FoundVersion> versions, Optional<String> problem) {

  static FoundModel broken(String name, String problem) {
    return new FoundModel(name, ModelManifest.DEFAULT, List.of(), Optional.of(problem));
  }

  Optional<FoundVersion> version(long number) {
    return versions.stream().filter(version -> version.number() == number).findFirst();
  }

  /**
   * Makes sure that what was asked for is there.
   *
   * @param location of the repository, for messages
   */
  public void require(VersionSelector selector, String location) throws UnknownVersionException {
    for (FoundVersion version : versions) {
      // a model without version folders is version 1, whatever is asked for
      if (version.isMissing()
          || (selector instanceof VersionSelector.Exactly exactly
              && exactly.version() != version.number())) {
        throw new UnknownVersionException(
            "model '%s': version %s not found in %s".formatted(name, selector, location), true);
      }
    }
  }

  /**
   * The same for whoever serves it.
   *
   * @param isSettled whether a version does not seem to be on its way in
   */
  public ModelEntry toEntry(Predicate<FoundVersion> isSettled) {
    return new ModelEntry(
        name,
        manifest,
        versions.stream()
            .map(
                version ->
                    new ModelEntry.ModelVersion(
                        version.number(),
                        version.fingerprint(),
                        isSettled.test(version),
                        version.problem()))
            .toList(),
        problem);
  }

  /**
   * A version as a scan found it.
   *
   * @param fingerprint of its content and configuration
   * @param activity changes with anything in its folder or in the configuration
   * @param newestMillis when that last happened, as far as times on files tell
   * @param modelFile its main file; empty if there is a problem
   * @param files everything that belongs to it
   * @param warmUp what it is to be run with before it serves
   */
  public record FoundVersion(
      long number,
      String fingerprint,
      String activity,
      long newestMillis,
      Optional<Path> modelFile,
      VersionFiles files,
      WarmUpFiles warmUp,
      Optional<String> problem) {

    /** Whether it was asked for and is not there at all. */
    boolean isMissing() {
      return newestMillis == Long.MIN_VALUE;
    }

    /** Of all files of the model itself. */
    public long bytes() {
      return filesOfModel().mapToLong(FoundFile::size).sum();
    }

    /** What it is to be run with before it serves, by names below the folder of that. */
    public SortedMap<String, Path> warmUpFiles() {
      return warmUp.byName();
    }

    private Stream<FoundFile> filesOfModel() {
      return files.files().stream().filter(file -> !WarmUpFiles.contains(file));
    }

    /** Whether the model is one file, which an engine reads once and as a whole. */
    boolean isLoneFile() {
      return filesOfModel().count() == 1;
    }
  }
}
