// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.FoundModel.FoundVersion;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads a folder of models: {@code model/version/file}, {@code model/model.onnx} or just {@code
 * model.onnx}. Knows nothing of earlier scans.
 */
final class ModelScanner {
  private final Path root;
  private final Map<String, String> defaultFileNames;
  private final ConfigOverrides configs;

  /**
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   * @param configs in place of those that lie with the models
   */
  ModelScanner(Path root, Map<String, String> defaultFileNames, ConfigOverrides configs) {
    this.root = root;
    this.defaultFileNames = defaultFileNames;
    this.configs = configs;
  }

  /**
   * All models, sorted by name.
   *
   * @throws IOException if the root folder cannot be read
   */
  List<FoundModel> scan() throws IOException {
    Listing listing = list();
    List<FoundModel> models = new ArrayList<>(listing.places.size());
    listing.places.forEach(
        (name, paths) -> scan(name, paths, listing.files, Optional.empty()).ifPresent(models::add));
    return models;
  }

  /** One model as it is now, in other versions than it asks for; empty if it is gone. */
  Optional<FoundModel> scan(String name, VersionPolicy policy) throws IOException {
    Listing listing = list();
    List<Path> paths = listing.places.get(name);
    return paths == null ? Optional.empty() : scan(name, paths, listing.files, Optional.of(policy));
  }

  /**
   * What lies in the root folder.
   *
   * @param places by model name, usually one each
   * @param files the plain files
   */
  private record Listing(SortedMap<String, List<Path>> places, NavigableSet<String> files) {}

  private Listing list() throws IOException {
    Listing listing = new Listing(new TreeMap<>(), new TreeSet<>());
    for (Path path : children(root)) {
      String name = nameOf(path);
      boolean isFile = Files.isRegularFile(path);
      if (isFile) {
        listing.files.add(name);
      }
      if (!Names.isIgnored(name) && (!isFile || isBareModel(name))) {
        listing.places.computeIfAbsent(modelName(path), key -> new ArrayList<>()).add(path);
      }
    }
    return listing;
  }

  private Optional<FoundModel> scan(
      String name,
      List<Path> paths,
      NavigableSet<String> rootFiles,
      Optional<VersionPolicy> policy) {
    Optional<String> nameProblem = Names.modelNameProblem(name);
    if (nameProblem.isPresent()) {
      return Optional.of(FoundModel.broken(name, nameProblem.get()));
    }
    if (paths.size() > 1) {
      String both = nameOf(paths.get(0)) + " and " + nameOf(paths.get(1));
      return Optional.of(FoundModel.broken(name, both + " are the same model (expected one)"));
    }
    Path path = paths.getFirst();
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(path, BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      return Files.isSymbolicLink(path)
          ? Optional.of(FoundModel.broken(name, nameOf(path) + ": symbolic link to nothing"))
          : Optional.empty(); // deleted since the root folder was read
    } catch (IOException e) {
      return Optional.of(FoundModel.broken(name, nameOf(path) + ": cannot be read: " + e));
    }
    if (attributes.isRegularFile()) {
      return Optional.of(scanBare(name, path, rootFiles));
    }
    if (!attributes.isDirectory()) {
      return Optional.empty(); // a pipe, a socket: nobody's model
    }
    return Optional.of(scanFolder(name, path, policy));
  }

  private FoundModel scanFolder(String name, Path folder, Optional<VersionPolicy> policy) {
    try {
      return scan(name, configs.over(name, DirectoryFolder.of(folder)), policy, defaultFileNames);
    } catch (IOException e) {
      return FoundModel.broken(name, "cannot be read: " + e);
    }
  }

  /**
   * One model's folder.
   *
   * @param policy the versions to look for; those that its configuration asks for, if empty
   */
  static FoundModel scan(
      String name,
      Folder folder,
      Optional<VersionPolicy> policy,
      Map<String, String> defaultFileNames) {
    try {
      ManifestFile file = ManifestFile.find(folder);
      ModelManifest manifest = new ManifestReader(defaultFileNames.keySet()).read(name, file);
      return new ModelFolder(
              name,
              folder,
              file,
              policy.map(manifest::withVersionPolicy).orElse(manifest),
              defaultFileNames)
          .scan();
    } catch (ManifestException e) {
      return FoundModel.broken(name, String.valueOf(e.getMessage()));
    }
  }

  /** A file directly in the root folder, with the files of external data that carry its name. */
  private FoundModel scanBare(String name, Path file, NavigableSet<String> rootFiles) {
    if (configs.has(name)) {
      return FoundModel.broken(
          name, "a bare file takes no configuration (expected a folder of that name)");
    }
    if (!defaultFileNames.containsKey(ModelManifest.DEFAULT_BACKEND)) {
      return FoundModel.broken(
          name, "backend '" + ModelManifest.DEFAULT_BACKEND + "' is not available here");
    }
    String fileName = nameOf(file);
    List<Path> files = new ArrayList<>();
    files.add(file);
    // What exporters call the weights beside a model: m.onnx.data, m.onnx_data
    for (String other : rootFiles.tailSet(fileName, false)) {
      if (!other.startsWith(fileName)) {
        break;
      }
      char next = other.charAt(fileName.length());
      if (next == '.' || next == '_') {
        files.add(root.resolve(other));
      }
    }
    VersionFiles content = VersionWalk.of(root, files);
    ModelFileChoice choice =
        ModelFileChoice.in(content, fileName, fileName, found -> Files.isReadable(found.path()));
    Optional<String> problem = content.problem().or(choice::problem);
    FoundVersion version =
        new FoundVersion(
            1,
            content.fingerprint(new byte[0], WarmUpFiles.NONE),
            content.activity(),
            content.newestMillis(),
            problem.isPresent() ? Optional.empty() : choice.file(),
            content,
            WarmUpFiles.NONE,
            problem);
    return new FoundModel(name, ModelManifest.DEFAULT, List.of(version), Optional.empty());
  }

  private static boolean isBareModel(String name) {
    return name.endsWith(Names.ONNX) && name.length() > Names.ONNX.length();
  }

  /** A dangling link tells no kind: its name decides. */
  private static String modelName(Path path) {
    String name = nameOf(path);
    return isBareModel(name) && !Files.isDirectory(path)
        ? name.substring(0, name.length() - Names.ONNX.length())
        : name;
  }

  static List<Path> children(Path folder) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(children::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    children.sort(null); // the order of a file system is nobody's
    return children;
  }

  static String nameOf(Path path) {
    return String.valueOf(path.getFileName());
  }
}
