// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A model's configuration file as it was read; no name and no bytes if the model has none.
 *
 * @param modifiedMillis when it last changed
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record ManifestFile(String fileName, byte[] bytes, long modifiedMillis) {

  /** A thousand times the largest one seen; beyond, it is some other file under that name. */
  private static final int MAX_BYTES = 1 << 20;

  private static final ManifestFile NONE = new ManifestFile("", new byte[0], Long.MIN_VALUE);

  /**
   * Reads the configuration among the files of a model's folder.
   *
   * @throws ManifestException if there is more than one, or none that can be read
   */
  static ManifestFile find(List<Path> children) throws ManifestException {
    List<Path> found = new ArrayList<>();
    for (Path child : children) {
      switch (ModelScanner.nameOf(child)) {
        case Names.MODEL_YAML, Names.CONFIG_PBTXT -> found.add(child);
        case "model.yml", "config.pbtext" ->
            throw problem(
                ModelScanner.nameOf(child),
                "not read (expected " + Names.MODEL_YAML + " or " + Names.CONFIG_PBTXT + ")");
        default -> {}
      }
    }
    if (found.size() > 1) {
      throw new ManifestException(
          List.of(
              "both "
                  + Names.CONFIG_PBTXT
                  + " and "
                  + Names.MODEL_YAML
                  + " are there (expected one)"));
    }
    return found.isEmpty() ? NONE : read(found.getFirst());
  }

  private static ManifestFile read(Path path) throws ManifestException {
    String fileName = ModelScanner.nameOf(path);
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw problem(fileName, "not a plain file");
    }
    try (InputStream in = Files.newInputStream(path)) {
      long modifiedMillis = Files.getLastModifiedTime(path).toMillis();
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw problem(fileName, "more than " + MAX_BYTES + " bytes");
      }
      return new ManifestFile(fileName, bytes, modifiedMillis);
    } catch (IOException e) {
      throw problem(fileName, "cannot be read: " + e);
    }
  }

  String text() throws ManifestException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw problem(fileName, "not UTF-8 text");
    }
  }

  private static ManifestException problem(String fileName, String problem) {
    return new ManifestException(List.of(fileName + ": " + problem));
  }
}
