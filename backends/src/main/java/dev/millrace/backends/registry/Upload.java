// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import dev.millrace.backends.registry.RegistryException.Kind;
import dev.millrace.backends.storage.Digests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A version on its way into the registry: the bytes of its files, one after the other. Nothing of
 * it is left unless it is committed. One thread.
 */
public final class Upload implements AutoCloseable {
  /** Models of that size there are not yet. */
  private static final long MAX_BYTES = 1L << 42;

  private static final int MAX_FILES = 10_000;

  /** Of note and metadata together. */
  private static final int MOST_SAID = 64 << 10;

  private final LocalRegistry registry;
  private final String model;
  private final long version;
  private final List<RegisteredFile> expected;
  private final Incoming incoming;
  private final List<RegisteredFile> arrived = new ArrayList<>();

  private @Nullable FileChannel out;
  private MessageDigest digest = Digests.sha256();
  private long written;

  Upload(
      LocalRegistry registry,
      String model,
      long version,
      List<RegisteredFile> files,
      Incoming incoming)
      throws IOException, RegistryException {
    this.registry = registry;
    this.model = model;
    this.version = version;
    this.expected = List.copyOf(files);
    this.incoming = incoming;
    try {
      check();
      skipEmptyFiles();
    } catch (IOException | RegistryException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void check() throws RegistryException {
    if (expected.isEmpty() || expected.size() > MAX_FILES) {
      throw new RegistryException(
          Kind.INVALID, "files: %d (expected 1 to %d)".formatted(expected.size(), MAX_FILES));
    }
    Set<String> names = new HashSet<>();
    for (RegisteredFile file : expected) {
      if (!isPlain(file.name()) || !names.add(file.name())) {
        throw new RegistryException(
            Kind.INVALID,
            "files: '%s' (expected different plain relative names)".formatted(file.name()));
      }
      if (file.size() < 0 || file.size() > MAX_BYTES) {
        throw new RegistryException(
            Kind.INVALID,
            "files: '%s' of %d bytes (expected 0 to %d)"
                .formatted(file.name(), file.size(), MAX_BYTES));
      }
      if (!file.sha256().isEmpty() && !Digests.isDigest(file.sha256())) {
        throw new RegistryException(
            Kind.INVALID,
            "files: '%s' with SHA-256 '%s' (expected 64 hex digits)"
                .formatted(file.name(), file.sha256()));
      }
    }
  }

  /** Names that stay inside of the folder, and that no tool takes for something else. */
  private static boolean isPlain(String name) {
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.startsWith(".") || part.length() > 255) {
        return false;
      }
    }
    return name.chars().noneMatch(c -> c < ' ' || c == '\\' || c == 0x7f);
  }

  /** The next bytes. */
  public void write(ByteBuffer bytes) throws IOException, RegistryException {
    while (bytes.hasRemaining()) {
      if (arrived.size() == expected.size()) {
        throw new RegistryException(
            Kind.DAMAGED, bytes.remaining() + " bytes more than the files that were announced");
      }
      RegisteredFile file = expected.get(arrived.size());
      int length = (int) Math.min(bytes.remaining(), file.size() - written);
      ByteBuffer part = bytes.slice(bytes.position(), length);
      digest.update(part.duplicate());
      FileChannel to = open(file);
      while (part.hasRemaining()) {
        to.write(part);
      }
      bytes.position(bytes.position() + length);
      written += length;
      if (written == file.size()) {
        finish(file);
        skipEmptyFiles();
      }
    }
  }

  private void skipEmptyFiles() throws IOException, RegistryException {
    while (arrived.size() < expected.size() && expected.get(arrived.size()).size() == 0) {
      RegisteredFile file = expected.get(arrived.size());
      open(file);
      finish(file);
    }
  }

  private FileChannel open(RegisteredFile file) throws IOException {
    FileChannel now = out;
    if (now == null) {
      Path path = incoming.folder().resolve(file.name());
      Files.createDirectories(path.resolveSibling("."));
      now = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      out = now;
    }
    return now;
  }

  private void finish(RegisteredFile file) throws IOException, RegistryException {
    FileChannel done = open(file);
    done.force(true);
    done.close();
    out = null;
    String sha256 = Digests.hex(digest);
    if (!file.sha256().isEmpty() && !file.sha256().equals(sha256)) {
      throw new RegistryException(
          Kind.DAMAGED,
          "%s: SHA-256 %s (expected %s, as announced)"
              .formatted(file.name(), sha256, file.sha256()));
    }
    arrived.add(new RegisteredFile(file.name(), file.size(), sha256));
    digest = Digests.sha256();
    written = 0;
  }

  /** Where the files lie that have arrived, for a look at them before the commit. */
  public Path files() {
    return incoming.folder();
  }

  /**
   * Does nothing if all that was announced has arrived.
   *
   * @throws RegistryException DAMAGED if not
   */
  public void requireComplete() throws RegistryException {
    if (arrived.size() < expected.size()) {
      RegisteredFile file = expected.get(arrived.size());
      throw new RegistryException(
          Kind.DAMAGED,
          "%s: %d bytes have arrived (expected %d)".formatted(file.name(), written, file.size()));
    }
  }

  /**
   * Makes the version visible, if all of it has arrived.
   *
   * @param inputs as "name FP32[-1,4]"
   */
  public RegisteredVersion commit(
      Map<String, String> metadata,
      String note,
      List<String> inputs,
      List<String> outputs,
      String pushedBy)
      throws IOException, RegistryException {
    requireComplete();
    int said = note.length();
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      said += entry.getKey().length() + entry.getValue().length();
    }
    if (said > MOST_SAID) {
      throw new RegistryException(
          Kind.INVALID,
          "note and metadata: %d characters (expected at most %d)".formatted(said, MOST_SAID));
    }
    return registry.commit(
        this,
        new RegisteredVersion(
            model,
            version,
            RegisteredFile.digestOf(arrived),
            Instant.EPOCH,
            List.copyOf(arrived),
            Map.copyOf(metadata),
            note,
            List.copyOf(inputs),
            List.copyOf(outputs),
            pushedBy));
  }

  /** Deletes what has arrived, unless it was committed. */
  @Override
  public void close() throws IOException {
    FileChannel open = out;
    if (open != null) {
      open.close();
      out = null;
    }
    incoming.close();
  }
}
