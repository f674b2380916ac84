// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.storage.Digests;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineFolderTest {
  private static final SortedSet<String> NONE = Collections.emptySortedSet();

  @TempDir private Path home;

  private Path file;
  private ModelArtifact model;

  @BeforeEach
  void whereFilesHaveOwners() throws Exception {
    FileStore store = Files.getFileStore(home);
    assumeTrue(
        store.supportsFileAttributeView(PosixFileAttributeView.class),
        "files have no POSIX permissions here");
    file = Files.writeString(home.resolve("model.onnx"), "weights");
    model = new ModelArtifact("m", 3, file);
  }

  private static String permissions(Path folder) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
  }

  @Test
  void isMadeForItsOwnerAloneAndKept() throws Exception {
    EngineFolder engines = new EngineFolder(home.resolve("cache/millrace/tensorrt"));

    Path made = engines.of(model, NONE);

    assertThat(made)
        .isEqualTo(engines.folder().resolve("m-3-" + Digests.of(file).substring(0, 16)))
        .isEmptyDirectory();
    assertThat(permissions(made)).isEqualTo("rwx------");
    assertThat(permissions(engines.folder())).isEqualTo("rwx------");
    Path engine = Files.createFile(made.resolve("engine"));
    assertThat(engines.of(model, NONE)).isEqualTo(made);
    assertThat(engine).exists();
  }

  @Test
  void enginesOfOtherWeightsAreInAnother() throws Exception {
    EngineFolder engines = new EngineFolder(home.resolve("tensorrt"));
    Path before = engines.of(model, NONE);

    Files.writeString(file, "weights of another training");

    assertThat(engines.of(model, NONE)).isNotEqualTo(before).isEmptyDirectory();
  }

  @Test
  void enginesOfOtherWeightsBesideTheModelAreInAnother() throws Exception {
    EngineFolder engines = new EngineFolder(home.resolve("tensorrt"));
    SortedSet<String> weights = new TreeSet<>(Set.of("gone", "w"));
    Path external = Files.writeString(home.resolve("w"), "weights");
    Path before = engines.of(model, weights);
    assertThat(engines.of(model, weights)).isEqualTo(before);

    Files.writeString(external, "others");

    assertThat(engines.of(model, weights)).isNotEqualTo(before);
  }

  @Test
  void oneThatOthersMayWriteToIsRefused() throws Exception {
    Path open = Files.createDirectory(home.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThatThrownBy(() -> new EngineFolder(open).of(model, NONE))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage(
            "no folder for TensorRT's engines: %s: others may write there: rwxrwxrwx (expected"
                    .formatted(open)
                + " rwx------); tensorrt.trt_engine_cache_path names another");
    assertThat(open).isEmptyDirectory();
  }

  @Test
  void aLinkIsRefused() throws Exception {
    Path target = Files.createDirectory(home.resolve("target"));
    Path link = Files.createSymbolicLink(home.resolve("link"), target);

    assertThatThrownBy(() -> new EngineFolder(link).of(model, NONE))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("it is a link");
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void oneOfAnotherUserIsRefused() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can give files away");
    Path theirs = Files.createDirectory(home.resolve("theirs"));
    UserPrincipal nobody =
        theirs.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    Files.setOwner(theirs, nobody);

    assertThatThrownBy(() -> new EngineFolder(theirs).of(model, NONE))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("it belongs to nobody (expected root)");
    assertThat(theirs).isEmptyDirectory();
  }

  @Test
  void whereNoneCanBeMadeItIsSaidWhatHelps() throws Exception {
    Path taken = Files.createFile(home.resolve("file"));

    assertThatThrownBy(() -> new EngineFolder(taken.resolve("tensorrt")).of(model, NONE))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageStartingWith("no folder for TensorRT's engines: " + taken)
        .hasMessageEndingWith("tensorrt.trt_engine_cache_path names another");
  }
}
