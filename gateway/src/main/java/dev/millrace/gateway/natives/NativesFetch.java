// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import dev.millrace.backends.natives.JniLibrary;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes a directory of native libraries: the archive is fetched, the few files of it that matter
 * are taken out, the jar's own library is added, and the whole is checked before it appears.
 *
 * <p>It may be ended at any moment and run again: an archive that was fetched is not fetched again,
 * and the directory is the old one or the new one.
 */
public final class NativesFetch {
  private final ArchiveClient client;
  private final JniLibrary jar;
  private final Consumer<String> progress;

  /**
   * @param progress told what happens, a line each
   */
  public NativesFetch(ArchiveClient client, JniLibrary jar, Consumer<String> progress) {
    this.client = client;
    this.jar = jar;
    this.progress = progress;
  }

  /**
   * Makes the directory, if it is not there already.
   *
   * @return its libraries
   * @throws NativesException if there is no such build of the jar's version, or somebody else's
   *     files are where it is to be
   */
  public OrtLibraries fetch(NativesSource source, Path directory)
      throws IOException, InterruptedException, NativesException {
    Path target = directory.toAbsolutePath().normalize();
    NativesRecord wanted = new NativesRecord(source.word(), jar.ortVersion(), List.of());
    if (NativesRecord.read(target).filter(there -> there.isWhole(wanted, target)).isPresent()) {
      progress.accept(target + " is there already");
      return OrtLibraries.check(target, jar);
    }
    requireOurs(target);
    Path work = target.resolveSibling(target.getFileName() + ".fetching");
    Path archive = archive(source, work);
    Path draft = emptied(work.resolve("draft"));
    progress.accept("unpacking " + archive.getFileName());
    String folder = source.registry().folder(jar.platform());
    List<String> files = new Archive(archive).unpack(folder, draft);
    if (files.isEmpty()) {
      throw new NativesException(
          "%s holds no libraries (expected some in %s)".formatted(archive.getFileName(), folder));
    }
    OrtLibraries.check(draft, jar).addMissing(jar, draft);
    OrtLibraries.check(draft, jar);
    NativesRecord.of(wanted, draft).write(draft);
    replace(target, draft, work.resolve("replaced"));
    FileTree.delete(work);
    return OrtLibraries.check(target, jar);
  }

  /** What was fetched before is there whole: clients write the name last. */
  private Path archive(NativesSource source, Path work)
      throws IOException, InterruptedException, NativesException {
    Path folder = Files.createDirectories(work.resolve("archive"));
    if (files(folder).isEmpty()) {
      progress.accept(
          "fetching %s %s for %s"
              .formatted(source.packageName(), jar.ortVersion(), jar.platform()));
      Path arriving = emptied(work.resolve("arriving"));
      fetchInto(arriving, source, work);
      for (Path file : files(arriving)) {
        Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
      }
    }
    List<Path> archives = files(folder);
    if (archives.size() != 1) {
      throw new NativesException(
          "%s holds %d files (expected one archive)".formatted(folder, archives.size()));
    }
    return archives.getFirst();
  }

  /** Leaves nothing behind where there is no such archive. */
  private void fetchInto(Path arriving, NativesSource source, Path work)
      throws IOException, InterruptedException, NativesException {
    try {
      client.fetch(source, jar.ortVersion(), jar.platform(), arriving);
    } catch (NativesException e) {
      FileTree.delete(work);
      throw e;
    }
  }

  private static void requireOurs(Path target) throws IOException, NativesException {
    boolean isOurs = NativesRecord.read(target).isPresent();
    if (Files.exists(target) && !isOurs && !(Files.isDirectory(target) && isEmpty(target))) {
      throw new NativesException(
          "%s holds something else (expected a new or an empty folder)".formatted(target));
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  private static Path emptied(Path folder) throws IOException {
    FileTree.delete(folder);
    return Files.createDirectories(folder);
  }

  /** A process that has loaded the old ones keeps them. */
  private static void replace(Path target, Path draft, Path aside) throws IOException {
    FileTree.delete(aside);
    if (Files.exists(target)) {
      Files.move(target, aside, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
  }
}
