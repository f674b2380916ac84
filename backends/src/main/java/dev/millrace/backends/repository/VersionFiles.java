// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What lies in a version's folder at the moment of a scan.
 *
 * @param base the folder that the files' names are relative to
 * @param files what belongs to the version, sorted by name
 * @param arriving files that tools are still writing under other names: no part of the version, but
 *     as long as they change, neither is the version complete
 * @param newestMillis when something in there last changed, folders included
 * @param problem why the folder could not be read in full
 */
public record VersionFiles(
    Path base,
    List<FoundFile> files,
    List<FoundFile> arriving,
    long newestMillis,
    Optional<String> problem) {

  /** Changes whenever the version's content may have changed, or what lies beside it has. */
  String fingerprint(byte[] configuration, WarmUpFiles warmUp) {
    MessageDigest digest = newDigest();
    digest.update(configuration);
    update(digest, files);
    update(digest, warmUp.files());
    return text(digest);
  }

  /** Changes whenever anything in the folder does. */
  String activity() {
    MessageDigest digest = newDigest();
    update(digest, files);
    update(digest, arriving);
    return text(digest);
  }

  private static void update(MessageDigest digest, List<FoundFile> files) {
    for (FoundFile file : files) {
      String line =
          "\n"
              + file.relativeName()
              + "\0"
              + file.size()
              + "\0"
              + file.mtimeNanos()
              + "\0"
              + file.fileKey();
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String text(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
