// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import java.nio.file.Path;
import java.util.Map;

/**
 * A model's bytes on this machine.
 *
 * @param name the model's name, for messages
 * @param version its version
 * @param file the model's main file; files that belong to it (external data) lie beside it
 * @param bytes of all its files
 * @param warmUpFiles by their names below a folder {@code warmup}: requests to run before it serves
 */
public record ModelArtifact(
    String name, long version, Path file, long bytes, Map<String, Path> warmUpFiles) {

  /** One whose memory is not reckoned with. */
  public ModelArtifact(String name, long version, Path file) {
    this(name, version, file, 0, Map.of());
  }

  /** The same, served under another name. */
  public ModelArtifact named(String otherName) {
    return new ModelArtifact(otherName, version, file, bytes, warmUpFiles);
  }
}
