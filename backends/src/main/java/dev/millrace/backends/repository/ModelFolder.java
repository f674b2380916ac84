// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.FoundModel.FoundVersion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/** One model's folder, its configuration read: finds the versions to be served in it. */
final class ModelFolder {

  /** Folders that Triton keeps beside the versions. */
  private static final Set<String> KNOWN_FOLDERS =
      Set.of("configs", WarmUpFiles.FOLDER, "initial_state");

  private final String name;
  private final Folder folder;
  private final ManifestFile manifestFile;
  private final ModelManifest manifest;
  private final Map<String, String> defaultFileNames;
  private final WarmUpFiles warmUpOfModel;
  private final List<String> notes = new ArrayList<>();

  ModelFolder(
      String name,
      Folder folder,
      ManifestFile manifestFile,
      ModelManifest manifest,
      Map<String, String> defaultFileNames) {
    this.name = name;
    this.folder = folder;
    this.manifestFile = manifestFile;
    this.manifest = manifest;
    this.defaultFileNames = defaultFileNames;
    this.warmUpOfModel = warmUp(folder);
  }

  private static WarmUpFiles warmUp(Folder folder) {
    boolean isThere =
        folder.children().stream()
            .anyMatch(child -> child.isFolder() && child.name().equals(WarmUpFiles.FOLDER));
    return isThere ? new WarmUpFiles(folder.filesIn(WarmUpFiles.FOLDER).files()) : WarmUpFiles.NONE;
  }

  FoundModel scan() {
    if (!defaultFileNames.containsKey(manifest.backend())) {
      return FoundModel.broken(name, "backend '" + manifest.backend() + "' is not available here");
    }
    SortedMap<Long, String> there = versionFolders();
    List<FoundVersion> versions = new ArrayList<>();
    boolean flat = holdsModelFile();
    if (there.isEmpty() && !flat) {
      return FoundModel.broken(
          name,
          "no versions (expected folders named 1, 2, ..., or the model's file itself)"
              + (notes.isEmpty() ? "" : "; " + String.join("; ", notes)));
    }
    if (there.isEmpty()) {
      notes.clear(); // whatever else lies there may belong to the model
      versions.add(flatVersion());
    } else {
      if (flat) {
        notes.add("the model file beside the version folders is ignored");
      }
      for (long number : chosen(manifest.versionPolicy(), there)) {
        String versionFolder = there.get(number);
        versions.add(versionFolder == null ? missing(number) : version(number, versionFolder));
      }
    }
    return new FoundModel(name, withNotes(), List.copyOf(versions), Optional.empty());
  }

  private SortedMap<Long, String> versionFolders() {
    SortedMap<Long, String> folders = new TreeMap<>();
    for (Folder.Child child : folder.children()) {
      String childName = child.name();
      if (Names.isIgnored(childName) || KNOWN_FOLDERS.contains(childName)) {
        continue;
      }
      if (Names.isVersion(childName) && (child.isFolder() || child.isLink())) {
        folders.put(
            Long.parseLong(childName), childName); // a link to nothing is that version's problem
      } else if (Names.isVersion(childName)) {
        notes.add(childName + " is ignored: a file (expected a folder of that version)");
      } else if (child.isFolder() && !isModelFolder(childName)) {
        notes.add("folder " + Names.quoted(childName) + " is ignored: not a version (1, 2, ...)");
      }
    }
    return folders;
  }

  /** Whether the folder is a model itself: {@code model.onnx/model.onnx} without a version. */
  private boolean isModelFolder(String child) {
    return child.equals(expectedFileName());
  }

  private static Iterable<Long> chosen(VersionPolicy policy, SortedMap<Long, String> there) {
    return switch (policy) {
      case VersionPolicy.Latest latest ->
          there.keySet().stream().skip(Math.max(0, there.size() - latest.count())).toList();
      case VersionPolicy.All all -> there.keySet();
      case VersionPolicy.Specific specific -> new TreeSet<>(specific.versions());
    };
  }

  private FoundVersion missing(long number) {
    VersionFiles none =
        new VersionFiles(folder.path(), List.of(), List.of(), Long.MIN_VALUE, Optional.empty());
    return found(number, none, Optional.empty(), Optional.of("folder " + number + " is missing"));
  }

  private FoundVersion version(long number, String versionFolder) {
    return found(number, folder.filesIn(versionFolder));
  }

  /** The model's file directly in its folder counts as version 1. */
  private FoundVersion flatVersion() {
    Predicate<String> besideTheModel =
        child ->
            KNOWN_FOLDERS.contains(child)
                || child.equals(Names.MODEL_YAML)
                || child.equals(Names.CONFIG_PBTXT);
    return found(1, folder.files(besideTheModel));
  }

  private boolean holdsModelFile() {
    return folder.children().stream()
        .map(Folder.Child::name)
        .filter(child -> !Names.isIgnored(child))
        .anyMatch(child -> child.equals(expectedFileName()) || child.endsWith(Names.ONNX));
  }

  private FoundVersion found(long number, VersionFiles content) {
    ModelFileChoice choice =
        ModelFileChoice.in(content, manifest.fileName(), defaultFileName(), folder::isReadable);
    return found(number, content, choice.file(), content.problem().or(choice::problem));
  }

  private FoundVersion found(
      long number, VersionFiles content, Optional<Path> modelFile, Optional<String> problem) {
    WarmUpFiles warmUp = warmUpOfModel.orOwnOf(content);
    String fingerprint = content.fingerprint(manifestFile.bytes(), warmUp);
    return new FoundVersion(
        number,
        fingerprint,
        fingerprint + content.activity(),
        newestMillis(content, warmUp),
        problem.isPresent() ? Optional.empty() : modelFile,
        content,
        warmUp,
        problem);
  }

  /** What is not there has no time, whatever lies beside it. */
  private long newestMillis(VersionFiles content, WarmUpFiles warmUp) {
    return content.newestMillis() == Long.MIN_VALUE
        ? Long.MIN_VALUE
        : LongStream.of(
                content.newestMillis(), manifestFile.modifiedMillis(), warmUp.newestMillis())
            .max()
            .orElseThrow();
  }

  private String expectedFileName() {
    return manifest.fileName().isEmpty() ? defaultFileName() : manifest.fileName();
  }

  private String defaultFileName() {
    return String.valueOf(defaultFileNames.get(manifest.backend()));
  }

  private ModelManifest withNotes() {
    if (notes.isEmpty()) {
      return manifest;
    }
    List<String> all = new ArrayList<>(manifest.notes());
    all.addAll(notes);
    return manifest.withNotes(all);
  }
}
