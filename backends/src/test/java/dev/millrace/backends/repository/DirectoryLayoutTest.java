// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is a model in a folder, and what is not. */
@Timeout(60)
final class DirectoryLayoutTest {

  @TempDir Path folder;
  ModelFiles files;
  DirectoryRepository repository;

  @BeforeEach
  void create() throws IOException {
    files = new ModelFiles(Files.createDirectory(folder.resolve("models")));
    repository = files.repository(folder.resolve("staging"));
  }

  @AfterEach
  void close() {
    repository.close();
  }

  private List<String> names() throws IOException {
    return repository.list().stream().map(ModelEntry::name).toList();
  }

  private ModelEntry entry(String name) throws IOException {
    return repository.list().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private ModelVersion onlyVersion(String name) throws IOException {
    ModelEntry entry = entry(name);
    assertThat(entry.problem()).isEmpty();
    assertThat(entry.versions()).hasSize(1);
    return entry.versions().getFirst();
  }

  /** The file that would be loaded, below the repository or below the copy. */
  private Path fetched(String name) throws IOException {
    return repository.fetch(entry(name), onlyVersion(name)).file();
  }

  private String problem(String name) throws IOException {
    return entry(name).problem().orElseThrow();
  }

  private String versionProblem(String name) throws IOException {
    return onlyVersion(name).problem().orElseThrow();
  }

  @Test
  void aBareFileIsVersion1() throws IOException {
    Path file = files.write("m.onnx", "x");

    assertThat(onlyVersion("m").number()).isEqualTo(1);
    assertThat(fetched("m")).isEqualTo(file);
  }

  @Test
  void externalDataBesideABareFileBelongsToIt() throws IOException {
    files.write("m.onnx", "x");
    String without = onlyVersion("m").fingerprint();
    files.write("m.onnx.data", "weights");
    files.write("m2.onnx", "x");

    assertThat(names()).containsExactly("m", "m2");
    assertThat(onlyVersion("m").fingerprint()).isNotEqualTo(without);
    assertThat(fetched("m").resolveSibling("m.onnx.data")).hasContent("weights");
    assertThat(fetched("m").resolveSibling("m2.onnx")).doesNotExist();
  }

  @Test
  void aFileInAModelFolderWithoutVersionsIsVersion1() throws IOException {
    Path file = files.write("m/model.onnx", "x");
    files.write("m/model.yaml", "replicas: 2");

    assertThat(onlyVersion("m").number()).isEqualTo(1);
    assertThat(entry("m").manifest().replicas()).isEqualTo(2);
    assertThat(fetched("m")).isEqualTo(file);
  }

  @Test
  void theOnlyOnnxFileOfAVersionIsItsModelWhateverItsName() throws IOException {
    Path file = files.write("m/3/resnet50.onnx", "x");

    assertThat(fetched("m")).isEqualTo(file);
  }

  @Test
  void theDefaultNameWinsOverOthers() throws IOException {
    files.write("m/1/model.onnx", "right");
    files.write("m/1/other.onnx", "wrong");

    assertThat(fetched("m")).hasContent("right");
  }

  @Test
  void theConfiguredNameWinsOverTheDefault() throws IOException {
    files.write("m/model.yaml", "file: other.onnx");
    files.write("m/1/model.onnx", "wrong");
    files.write("m/1/other.onnx", "right");

    assertThat(fetched("m")).hasContent("right");
  }

  @Test
  void oneOfSeveralFilesIsNotGuessed() throws IOException {
    files.write("m/1/a.onnx", "x");
    files.write("m/1/b.onnx", "x");

    assertThat(versionProblem("m")).contains("a.onnx, b.onnx");
  }

  @Test
  void aFolderWithTheModelsNameHoldsModelAndData() throws IOException {
    files.write("m/1/model.onnx/model.onnx", "graph");
    files.write("m/1/model.onnx/weights.bin", "weights");

    Path file = fetched("m");
    assertThat(file).hasContent("graph");
    assertThat(file.resolveSibling("weights.bin")).hasContent("weights");
  }

  @Test
  void aMissingModelFileIsItsVersionsProblem() throws IOException {
    files.write("m/1/model.txt", "x");

    assertThat(versionProblem("m")).isEqualTo("model.onnx is missing (there is model.txt)");
  }

  @Test
  void anEmptyModelFileIsItsVersionsProblem() throws IOException {
    files.write("m/1/model.onnx", "");
    files.write("bare.onnx", "");

    assertThat(versionProblem("m")).isEqualTo("model.onnx: 0 bytes (expected a model)");
    assertThat(versionProblem("bare")).isEqualTo("bare.onnx: 0 bytes (expected a model)");
  }

  @Test
  void versionsAreNumbersWithoutLeadingZeros() throws IOException {
    files.write("m/model.yaml", "version_policy: all");
    files.write("m/1/model.onnx", "x");
    for (String ignored : List.of("0", "01", "v2", "-1", "1.5", "99999999999999999999")) {
      files.write("m/" + ignored + "/model.onnx", "x");
    }

    assertThat(onlyVersion("m").number()).isEqualTo(1);
    assertThat(entry("m").manifest().notes())
        .hasSize(6)
        .contains("folder 'v2' is ignored: not a version (1, 2, ...)");
  }

  @Test
  void foldersThatTritonKnowsBesideVersionsNeedNoNote() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.folder("m/configs");
    files.folder("m/warmup");

    assertThat(entry("m").manifest().notes()).isEmpty();
  }

  @Test
  void aFolderWithoutVersionsIsAProblem() throws IOException {
    files.folder("empty");
    files.write("named/v1/model.onnx", "x");

    assertThat(problem("empty")).startsWith("no versions (expected folders named 1, 2, ...");
    assertThat(problem("named")).contains("no versions").contains("'v1'");
  }

  @Test
  void aFileAndAFolderOfOneNameAreAProblem() throws IOException {
    files.write("m.onnx", "x");
    files.write("m/1/model.onnx", "x");

    assertThat(names()).containsExactly("m");
    assertThat(problem("m")).isEqualTo("m and m.onnx are the same model (expected one)");
  }

  @Test
  void bothConfigurationFilesAreAProblem() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.write("m/model.yaml", "replicas: 2");
    files.write("m/config.pbtxt", "max_batch_size: 2");

    assertThat(problem("m")).isEqualTo("both config.pbtxt and model.yaml are there (expected one)");
  }

  @Test
  void aConfigurationUnderAnotherNameIsAProblem() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.write("m/model.yml", "replicas: 2");

    assertThat(problem("m")).isEqualTo("model.yml: not read (expected model.yaml or config.pbtxt)");
  }

  @Test
  void aConfigurationThatIsNoTextIsAProblem() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.write("m/model.yaml", new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    files.folder("n/model.yaml");

    assertThat(problem("m")).isEqualTo("model.yaml: not UTF-8 text");
    assertThat(problem("n")).isEqualTo("model.yaml: not a plain file");
  }

  @Test
  void aModelForAnEngineThatIsNotHereIsAProblem() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.write("m/model.yaml", "backend: tensorrt");

    assertThat(problem("m")).contains("backend 'tensorrt' is not available here");
  }

  @Test
  void filesOfNobodyAreIgnored() throws IOException {
    files.write(".git/1/model.onnx", "x");
    files.write(".DS_Store", "x");
    files.write("README.md", "x");
    files.write("half.onnx.part", "x");
    files.write("m.onnx.tmp", "x");
    files.write(".onnx", "x");
    files.folder("lost+found");
    files.folder("copying.tmp");

    assertThat(repository.list()).isEmpty();
  }

  @Test
  void hiddenAndHalfCopiedFilesAreNoPartOfAVersion() throws IOException {
    Path model = files.write("m/1/model.onnx", "x");
    String before = onlyVersion("m").fingerprint();
    files.write("m/1/.DS_Store", "x");
    files.write("m/1/.model.onnx.Xa81Tz", "x");
    files.write("m/1/model.onnx.part", "x");
    files.write("m/1/.git/config", "x");

    assertThat(onlyVersion("m").fingerprint()).isEqualTo(before);
    assertThat(fetched("m")).as("still a lone file, used where it lies").isEqualTo(model);
  }

  @Test
  void aNameThatIsNotPlainIsAProblem() throws IOException {
    files.write("my model/1/model.onnx", "x");
    files.write("line\nbreak.onnx", "x");
    files.write("-v/1/model.onnx", "x");
    files.write("x".repeat(129) + "/1/model.onnx", "x");
    files.write("m_1.2-rc/1/model.onnx", "x");

    assertThat(problem("my model")).startsWith("model name 'my model' (expected");
    assertThat(problem("line\nbreak")).contains("'line\\u000abreak'");
    assertThat(problem("-v")).isNotEmpty();
    assertThat(problem("x".repeat(129))).isNotEmpty();
    assertThat(entry("m_1.2-rc").problem()).isEmpty();
  }

  @Test
  void symbolicLinksAreFollowed() throws IOException {
    ModelFiles elsewhere = new ModelFiles(Files.createDirectory(folder.resolve("elsewhere")));
    Path target = elsewhere.write("store/abc", "x");
    elsewhere.write("model/1/model.onnx", "x");
    files.link("file/1/model.onnx", target);
    files.link("folder", folder.resolve("elsewhere/model"));
    files.link("version/7", folder.resolve("elsewhere/model/1"));
    files.link("bare.onnx", target);

    assertThat(names()).containsExactly("bare", "file", "folder", "version");
    for (String name : names()) {
      assertThat(fetched(name)).hasContent("x");
    }
  }

  @Test
  void seesThroughALinkThatTheContentChanged() throws IOException {
    ModelFiles elsewhere = new ModelFiles(Files.createDirectory(folder.resolve("elsewhere")));
    elsewhere.write("a", "one");
    elsewhere.write("b", "two");
    Path link = files.link("m/1/model.onnx", folder.resolve("elsewhere/a"));
    String before = onlyVersion("m").fingerprint();
    Files.delete(link);
    files.link("m/1/model.onnx", folder.resolve("elsewhere/b"));

    assertThat(onlyVersion("m").fingerprint()).isNotEqualTo(before);
  }

  @Test
  void aLinkToNothingIsAProblem() throws IOException {
    Path nowhere = folder.resolve("nowhere");
    files.link("model", nowhere);
    files.link("bare.onnx", nowhere);
    files.link("version/1", nowhere);
    files.link("file/1/model.onnx", nowhere);
    files.write("config/1/model.onnx", "x");
    files.link("config/model.yaml", nowhere);

    assertThat(problem("model")).isEqualTo("model: symbolic link to nothing");
    assertThat(problem("bare")).isEqualTo("bare.onnx: symbolic link to nothing");
    assertThat(versionProblem("version")).isEqualTo("1: symbolic link to nothing");
    assertThat(versionProblem("file")).isEqualTo("model.onnx: symbolic link to nothing");
    assertThat(problem("config")).startsWith("model.yaml: cannot be read");
  }

  @Test
  void linksInACircleAreAProblem() throws IOException {
    files.link("self", files.path("self"));
    files.write("m/1/model.onnx", "x");
    files.link("m/1/again", files.path("m/1"));

    assertThat(problem("self")).startsWith("self: cannot be read");
    assertThat(versionProblem("m")).isEqualTo("again: symbolic link to a folder that holds it");
  }

  @Test
  void aVersionThatIsAFileIsIgnored() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.write("m/2", "x");

    assertThat(onlyVersion("m").number()).isEqualTo(1);
    assertThat(entry("m").manifest().notes())
        .containsExactly("2 is ignored: a file (expected a folder of that version)");
  }

  @Test
  void foldersWithoutEndAreAProblem() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.folder("m/1/" + "d/".repeat(VersionWalk.MAX_DEPTH + 1));

    assertThat(versionProblem("m")).contains("more than 16 folders deep");
  }

  @Test
  void whatMayNotBeReadIsAProblem() throws IOException {
    Path file = files.write("file/1/model.onnx", "x");
    Path version = files.write("folder/1/model.onnx", "x").getParent();
    Path model = files.folder("model");
    for (Path path : List.of(file, version, model)) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("---------"));
    }
    assumeFalse(Files.isReadable(file), "this user may read everything");

    try {
      assertThat(versionProblem("file")).isEqualTo("model.onnx: no permission to read it");
      assertThat(versionProblem("folder")).contains("cannot be read");
      assertThat(problem("model")).contains("cannot be read");
    } finally {
      for (Path path : List.of(model, version, file)) {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
      }
    }
  }

  @Test
  void aRootThatIsNoFolderFailsAsAWhole() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));

    for (Path root : List.of(file, folder.resolve("nowhere"))) {
      try (DirectoryRepository broken =
          new DirectoryRepository(
              root, folder.resolve("s"), Map.of("onnxruntime", "model.onnx"), files)) {
        assertThatExceptionOfType(IOException.class).isThrownBy(broken::list);
      }
    }
  }

  @Test
  void copiesAreNotToLieAmongTheModels() {
    for (String staging : List.of("models", "models/staging", ".")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> files.repository(folder.resolve(staging)))
          .withMessageContaining("outside of the repository");
    }
  }

  @Test
  void listsThousandsOfModelsInATimeThatNobodyMinds() throws IOException {
    for (int i = 0; i < 1_000; i++) {
      Files.createDirectories(files.path("m" + i + "/1"));
      Files.write(files.path("m" + i + "/1/model.onnx"), new byte[] {1});
      Files.write(files.path("b" + i + ".onnx"), new byte[] {1});
    }

    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime(); // the time of a busy disk is not ours
    assertThat(repository.list()).hasSize(2_000);
    // A tenth of it is used, mostly by a JVM that has not warmed up.
    assertThat(Duration.ofNanos(threads.getCurrentThreadCpuTime() - start))
        .isLessThan(Duration.ofSeconds(4));
  }
}
