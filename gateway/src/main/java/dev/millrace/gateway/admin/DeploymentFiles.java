// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.DeploymentStore;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.storage.DurableFiles;
import dev.millrace.proto.admin.v1.StoredDeployment;
import dev.millrace.proto.admin.v1.StoredShare;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deployments in a folder, a file each: a line with a checksum, then the message as JSON.
 *
 * <p>A file is written beside the one that it replaces, reaches the disk, and takes its name; the
 * one before is kept. So there is a whole one after a crash at any moment, and a file that some
 * disk has torn all the same is found out by its checksum, and the one before is read.
 */
public final class DeploymentFiles implements DeploymentStore {
  private static final Logger log = LoggerFactory.getLogger(DeploymentFiles.class);
  private static final String SUFFIX = ".json";
  private static final String BEFORE = ".before";

  private final Path folder;
  private final FileChannel lock;

  /**
   * Takes the folder for this gateway alone.
   *
   * @throws IOException if the folder cannot be made, or another gateway uses it
   */
  public DeploymentFiles(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.lock = DurableFiles.lock(folder);
  }

  @Override
  public List<Stored> load() throws IOException {
    List<Path> paths = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      stream.forEach(paths::add);
    }
    paths.sort(null);
    List<Stored> all = new ArrayList<>();
    for (Path path : paths) {
      load(path).ifPresent(all::add);
    }
    return all;
  }

  /** One that cannot be read is no reason to leave the others out. */
  private static Optional<Stored> load(Path path) {
    try {
      return Optional.of(read(path));
    } catch (IOException e) {
      log.error("{}; what was before it is read instead", e.getMessage());
    }
    try {
      return Optional.of(read(path.resolveSibling(path.getFileName() + BEFORE)));
    } catch (IOException e) {
      log.error("deployment {} cannot be read, and is not served: {}", path, e.toString());
      return Optional.empty();
    }
  }

  private static Stored read(Path path) throws IOException {
    String json = whole(path);
    StoredDeployment.Builder message = StoredDeployment.newBuilder();
    try {
      // a newer gateway may have written what this one does not know
      JsonFormat.parser().ignoringUnknownFields().merge(json, message);
      return new Stored(
          Specs.read(LimitSpecs.withoutUnknown(message.getSpec())),
          message.getGeneration(),
          traffic(message.getStableList()),
          traffic(message.getRejectedList()),
          message.getRejection());
    } catch (InvalidProtocolBufferException | DeploymentException | IllegalArgumentException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  /** What follows the checksum, if that is right. */
  private static String whole(Path path) throws IOException {
    String text = Files.readString(path);
    int end = text.indexOf('\n');
    String json = text.substring(end + 1);
    if (end < 0 || !text.substring(0, end).equals(checksum(json))) {
      throw new IOException(path + " is damaged: its checksum is wrong");
    }
    return json;
  }

  private static Traffic traffic(List<StoredShare> shares) {
    return new Traffic(
        shares.stream().map(s -> new Traffic.Share(s.getVersion(), s.getPoints())).toList());
  }

  private static List<StoredShare> shares(Traffic traffic) {
    return traffic.shares().stream()
        .map(
            share ->
                StoredShare.newBuilder()
                    .setVersion(share.version())
                    .setPoints(share.points())
                    .build())
        .toList();
  }

  @Override
  public void save(Stored stored) throws IOException {
    String json =
        JsonFormat.printer()
            .print(
                StoredDeployment.newBuilder()
                    .setSpec(Specs.write(stored.spec()))
                    .setGeneration(stored.generation())
                    .addAllStable(shares(stored.stable()))
                    .addAllRejected(shares(stored.rejected()))
                    .setRejection(stored.rejection()));
    Path path = path(stored.spec().name());
    Path next = path.resolveSibling(path.getFileName() + ".tmp");
    Files.writeString(next, checksum(json) + "\n" + json);
    DurableFiles.sync(next);
    if (Files.exists(path)) {
      keep(path);
    }
    Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DurableFiles.sync(folder);
  }

  /** Keeps a file as the one before, if it is whole: a damaged one is not to displace that. */
  private static void keep(Path path) throws IOException {
    try {
      whole(path);
    } catch (IOException e) {
      return;
    }
    Path next = path.resolveSibling(path.getFileName() + BEFORE + ".tmp");
    Files.deleteIfExists(next);
    secondName(path, next);
    Files.move(
        next,
        path.resolveSibling(path.getFileName() + BEFORE),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** A link: what it leads to has reached the disk when it was written. */
  private static void secondName(Path path, Path second) throws IOException {
    try {
      Files.createLink(second, path);
    } catch (UnsupportedOperationException | FileSystemException e) {
      // not on each file system there are links
      Files.copy(path, second, StandardCopyOption.REPLACE_EXISTING);
      DurableFiles.sync(second);
    }
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      log.warn("{}: {}", folder, e.toString());
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Path path = path(name);
    // in this order: one before that is left alone would be that of the next of this name
    Files.deleteIfExists(path.resolveSibling(path.getFileName() + BEFORE));
    Files.deleteIfExists(path);
    DurableFiles.sync(folder);
  }

  private Path path(String name) {
    if (!VersionSelector.isModelName(name)) {
      throw new IllegalArgumentException("name: '" + name + "'");
    }
    return folder.resolve(name + SUFFIX);
  }

  static String checksum(String json) {
    CRC32C crc = new CRC32C();
    crc.update(json.getBytes(StandardCharsets.UTF_8));
    return "# crc32c %08x".formatted(crc.getValue());
  }
}
