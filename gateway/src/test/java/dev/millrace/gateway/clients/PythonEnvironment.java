// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A virtual environment with the packages of a requirements file. */
final class PythonEnvironment {
  private static final List<String> NAMES =
      List.of("python3", "python3.13", "python3.12", "python3.11");

  // what the pinned packages are published for; a Debian without python3-venv has no ensurepip
  private static final String SUITABLE =
      """
      import sys
      import ensurepip, venv
      assert (3, 11) <= sys.version_info < (3, 14)
      print(sys.version, sys.base_prefix)
      """;

  private static final Duration INSTALL_TIMEOUT = Duration.ofMinutes(20);

  private PythonEnvironment() {}

  /** Its interpreter. */
  static Provision provide(Path requirements, ProvisionCache cache)
      throws IOException, InterruptedException {
    for (String name : NAMES) {
      Program python = new Program(name, INSTALL_TIMEOUT, Map.of());
      Optional<String> identity = python.tryRun("-c", SUITABLE);
      if (identity.isPresent()) {
        String hash = hash(Files.readString(requirements) + identity.get());
        Path folder = cache.folder("python-" + hash, draft -> install(python, requirements, draft));
        return new Provision.Installed(interpreter(folder));
      }
    }
    return new Provision.Impossible("no python3 of 3.11 to 3.13 with venv on the PATH");
  }

  /**
   * The folder is moved afterwards, which the interpreter in it allows and scripts such as {@code
   * pip} do not: modules are run by the interpreter.
   */
  private static void install(Program python, Path requirements, Path folder)
      throws IOException, InterruptedException {
    python.run("-m", "venv", folder.toString());
    new Program(interpreter(folder).toString(), INSTALL_TIMEOUT, Map.of())
        .run(
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--requirement",
            requirements.toString());
  }

  private static Path interpreter(Path folder) {
    return folder.resolve("bin/python");
  }

  private static String hash(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
