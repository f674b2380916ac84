// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** SHA-256, in hex. */
public final class Digests {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");
  private static final int BUFFER_BYTES = 1 << 16;

  private Digests() {}

  /** A digest to be fed. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** What was fed to it. */
  public static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Whether a text is one. */
  public static boolean isDigest(String text) {
    return HEX.matcher(text).matches();
  }

  /** Of a file's content. */
  public static String of(Path file) throws IOException {
    MessageDigest digest = sha256();
    update(digest, file);
    return hex(digest);
  }

  /** Of a text. */
  public static String of(String text) {
    MessageDigest digest = sha256();
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    return hex(digest);
  }

  /** Continues a digest with a file's content. */
  @SuppressWarnings("ThreadPriorityCheck") // nothing waits for what a yield lets run
  public static void update(MessageDigest digest, Path file) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
        Thread.yield(); // gigabytes are no reason for a virtual thread to keep others from running
      }
    }
  }
}
