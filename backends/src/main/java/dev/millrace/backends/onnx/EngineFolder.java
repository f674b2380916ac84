// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.storage.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.Set;
import java.util.SortedSet;

/**
 * A folder for TensorRT's engines. They are code that this process runs, so nobody else may put any
 * there.
 */
record EngineFolder(Path folder) {
  /** Enough to tell a model's contents from each other. */
  private static final int DIGEST_DIGITS = 16;

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  /** In the home of the user who runs this process. */
  static EngineFolder ofUser() {
    return new EngineFolder(
        Path.of(System.getProperty("user.home", ""), ".cache/millrace/tensorrt"));
  }

  /**
   * The folder of a model version's engines, made if need be. It is another for another content of
   * the model's files: TensorRT knows engines by the graph's shape, not by its weights.
   *
   * @param externalFiles that weights lie in, relative to the model's file
   * @throws ModelLoadException if it cannot be made, or others may write there
   */
  Path of(ModelArtifact artifact, SortedSet<String> externalFiles) throws ModelLoadException {
    try {
      Files.createDirectories(folder, OWNER_ONLY);
      refuseOthers();
      String content = digest(artifact.file(), externalFiles).substring(0, DIGEST_DIGITS);
      return Files.createDirectories(
          folder.resolve(artifact.name() + "-" + artifact.version() + "-" + content), OWNER_ONLY);
    } catch (IOException | UnsupportedOperationException | InvalidPathException e) {
      throw refusal(e.toString());
    }
  }

  private static String digest(Path file, SortedSet<String> externalFiles) throws IOException {
    MessageDigest digest = Digests.sha256();
    Digests.update(digest, file);
    Path model = file.toAbsolutePath().normalize();
    for (String name : externalFiles) {
      Path external = model.resolveSibling(name).normalize();
      // else ORT refuses the model, and says why
      if (external.startsWith(model.resolveSibling("")) && Files.isRegularFile(external)) {
        digest.update("%s %d ".formatted(name, Files.size(external)).getBytes(UTF_8));
        Digests.update(digest, external);
      }
    }
    return Digests.hex(digest);
  }

  private void refuseOthers() throws IOException, ModelLoadException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw refusal("it is a link");
    }
    Path ours = Files.createTempFile(folder, "", "");
    UserPrincipal user = Files.getOwner(ours);
    Files.delete(ours);
    UserPrincipal owner = Files.getOwner(folder);
    if (!owner.equals(user)) {
      throw refusal("it belongs to %s (expected %s)".formatted(owner, user));
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
    if (permissions.stream().anyMatch(OF_OTHERS::contains)) {
      throw refusal(
          "others may write there: %s (expected rwx------)"
              .formatted(PosixFilePermissions.toString(permissions)));
    }
  }

  private ModelLoadException refusal(String reason) {
    return new ModelLoadException(
        "no folder for TensorRT's engines: %s: %s; tensorrt.trt_engine_cache_path names another"
            .formatted(folder, reason));
  }
}
