// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A model's folder as a registry on another machine lists it: names, sizes and revisions. Read by
 * the same rules as one on this machine.
 *
 * @param model its name
 * @param files everything in it
 * @param reading of the model's configuration
 */
public record ListedFolder(String model, List<ListedFile> files, Reading reading)
    implements Folder {

  /** Brings the content of a small file here. */
  @FunctionalInterface
  public interface Reading {
    byte[] read(ListedFile file, int maxBytes) throws IOException;
  }

  /**
   * What there is to be served.
   *
   * @param policy the versions to look for; those that the model's configuration asks for, if empty
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   * @param configs in place of those that lie with the models
   */
  public FoundModel scan(
      Optional<VersionPolicy> policy,
      Map<String, String> defaultFileNames,
      ConfigOverrides configs) {
    Optional<String> problem = Names.modelNameProblem(model);
    return problem.isPresent()
        ? FoundModel.broken(model, problem.get())
        : ModelScanner.scan(model, configs.over(model, this), policy, defaultFileNames);
  }

  /** Whether a file says how its model is to be served. */
  public static boolean isConfiguration(String name) {
    return name.equals(Names.MODEL_YAML) || name.equals(Names.CONFIG_PBTXT);
  }

  /** Whether a file, by its name in a version, is what the version is warmed up with. */
  public static boolean isSample(String name) {
    return WarmUpFiles.isOne(name);
  }

  @Override
  public Path path() {
    return Path.of("/", model);
  }

  @Override
  public List<Child> children() {
    Map<String, Child> children = new TreeMap<>();
    for (ListedFile file : files) {
      if (file.isPlain()) {
        children.put(file.top(), new Child(file.top(), file.isInFolder(), false));
      }
    }
    return List.copyOf(children.values());
  }

  @Override
  public VersionFiles files(Predicate<String> excludedAtTop) {
    return versionFiles(path(), "", file -> !excludedAtTop.test(file.top()));
  }

  @Override
  public VersionFiles filesIn(String child) {
    String prefix = child + "/";
    return versionFiles(path().resolve(child), prefix, file -> file.name().startsWith(prefix));
  }

  private VersionFiles versionFiles(Path base, String prefix, Predicate<ListedFile> belongs) {
    List<FoundFile> found = new ArrayList<>();
    List<FoundFile> arriving = new ArrayList<>();
    long newestMillis = 0;
    Optional<String> problem = Optional.empty();
    for (ListedFile file : files.stream().filter(belongs).toList()) {
      if (!file.isPlain()) {
        problem =
            Optional.of(
                Names.quoted(file.name()) + " cannot be a file here (expected plain names)");
        continue;
      }
      String relativeName = file.name().substring(prefix.length());
      String[] names = relativeName.split("/", -1);
      if (Arrays.stream(names, 0, names.length - 1).anyMatch(Names::isIgnored)) {
        continue;
      }
      newestMillis = Math.max(newestMillis, file.modifiedMillis());
      (Names.isIgnored(names[names.length - 1]) ? arriving : found)
          .add(
              new FoundFile(
                  relativeName,
                  base.resolve(relativeName),
                  file.size(),
                  TimeUnit.MILLISECONDS.toNanos(file.modifiedMillis()),
                  file.revision()));
    }
    if (found.size() + arriving.size() > VersionWalk.MAX_FILES) {
      problem = Optional.of(VersionWalk.tooMany());
    }
    Comparator<FoundFile> byName = Comparator.comparing(FoundFile::relativeName);
    found.sort(byName);
    arriving.sort(byName);
    return new VersionFiles(base, List.copyOf(found), List.copyOf(arriving), newestMillis, problem);
  }

  @Override
  public ManifestFile read(String child) throws IOException {
    ListedFile file =
        files.stream().filter(listed -> listed.name().equals(child)).findFirst().orElseThrow();
    return new ManifestFile(
        child, reading.read(file, ManifestFile.MAX_BYTES + 1), file.modifiedMillis());
  }

  /** Only the registry knows. */
  @Override
  public boolean isReadable(FoundFile file) {
    return true;
  }
}
