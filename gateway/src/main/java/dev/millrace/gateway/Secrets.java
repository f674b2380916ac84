// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that hold one secret each; what they hold is in no message. */
final class Secrets {
  private Secrets() {}

  /**
   * Reads one.
   *
   * @param key of the setting that names the file, for messages
   */
  static String read(String key, Path file) throws IOException {
    String secret;
    try {
      secret = Files.readString(file).strip();
    } catch (IOException e) {
      throw new IOException(key + ": " + e, e);
    }
    if (secret.isEmpty() || secret.chars().anyMatch(c -> c < ' ' || c > '~')) {
      throw new IOException(
          "%s: %s holds no secret (expected one line of plain letters)".formatted(key, file));
    }
    return secret;
  }
}
