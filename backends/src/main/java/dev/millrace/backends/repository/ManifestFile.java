// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
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
  static final int MAX_BYTES = 1 << 20;

  private static final ManifestFile NONE = new ManifestFile("", new byte[0], Long.MIN_VALUE);

  /**
   * Reads the configuration among the files of a model's folder.
   *
   * @throws ManifestException if there is more than one, or none that can be read
   */
  static ManifestFile find(Folder folder) throws ManifestException {
    List<String> found = new ArrayList<>();
    for (Folder.Child child : folder.children()) {
      switch (child.name()) {
        case Names.MODEL_YAML, Names.CONFIG_PBTXT -> found.add(child.name());
        case "model.yml", "config.pbtext" ->
            throw problem(
                child.name(),
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
    return found.isEmpty() ? NONE : read(folder, found.getFirst());
  }

  private static ManifestFile read(Folder folder, String fileName) throws ManifestException {
    try {
      ManifestFile file = folder.read(fileName);
      if (file.bytes.length > MAX_BYTES) {
        throw problem(fileName, "more than " + MAX_BYTES + " bytes");
      }
      return file;
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

  static ManifestException problem(String fileName, String problem) {
    return new ManifestException(List.of(fileName + ": " + problem));
  }
}
