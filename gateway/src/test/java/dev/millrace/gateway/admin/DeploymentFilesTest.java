// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.DeploymentStore.Stored;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.proto.admin.v1.MetricLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of deployments, whole and torn. */
final class DeploymentFilesTest {
  @TempDir private Path folder;
  private DeploymentFiles files;

  @BeforeEach
  void open() throws IOException {
    files = new DeploymentFiles(folder);
  }

  @AfterEach
  void close() {
    files.close();
  }

  private static Stored stored(String name, long version, long generation) {
    try {
      DeploymentSpec spec =
          Specs.read(
              dev.millrace.proto.admin.v1.DeploymentSpec.newBuilder()
                  .setName(name)
                  .setVersion(Long.toString(version))
                  .build());
      return new Stored(spec, generation, Traffic.all(version), Traffic.NONE, "");
    } catch (DeploymentException e) {
      throw new AssertionError(e);
    }
  }

  /** Places in a file, most of them in its beginning: the checksum, its end, the message. */
  private static int[] someOf(int length) {
    return new int[] {0, 1, 10, 18, 19, 20, length / 3, length / 2, length - 2, length - 1};
  }

  private Path newest() {
    return folder.resolve("fraud.json");
  }

  @Test
  void whatWasSavedIsThereAfterARestart() throws Exception {
    Stored kept =
        new Stored(
            stored("fraud", 3, 1).spec(), 8, Traffic.all(3), Traffic.all(4), "p99 30 ms (most 25)");
    files.save(kept);
    files.save(stored("risk", 1, 1));
    close();
    open();

    assertThat(files.load()).containsExactly(kept, stored("risk", 1, 1));
    assertThatThrownBy(() -> new DeploymentFiles(folder)).hasMessageContaining("is in use");
  }

  @Test
  void whereverAFileWasCutTheOneBeforeItIsRead() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("fraud", 2, 2));
    files.save(stored("risk", 5, 1));
    byte[] whole = Files.readAllBytes(newest());

    for (int length : someOf(whole.length)) {
      Files.write(newest(), Arrays.copyOf(whole, length));
      assertThat(files.load())
          .as("%d of %d bytes", length, whole.length)
          .containsExactly(stored("fraud", 1, 1), stored("risk", 5, 1));
    }
  }

  @Test
  void whicheverByteWasAlteredTheOneBeforeItIsRead() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("fraud", 2, 2));
    byte[] whole = Files.readAllBytes(newest());

    for (int at : someOf(whole.length)) {
      byte[] altered = whole.clone();
      altered[at] ^= 0x15;
      Files.write(newest(), altered);
      assertThat(files.load()).as("byte %d", at).containsExactly(stored("fraud", 1, 1));
    }
  }

  /** Blocks that were never written, as after a crash of the machine. */
  @Test
  void zerosInsteadOfTheEndAreNoFileEither() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("fraud", 2, 2));
    byte[] whole = Files.readAllBytes(newest());
    byte[] torn = Arrays.copyOf(Arrays.copyOf(whole, whole.length / 2), whole.length);
    Files.write(newest(), torn);

    assertThat(files.load()).containsExactly(stored("fraud", 1, 1));
  }

  @Test
  void aTornFileDoesNotDisplaceTheOneBeforeIt() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("fraud", 2, 2));
    Files.writeString(newest(), "torn");
    files.save(stored("fraud", 3, 3));
    assertThat(files.load()).containsExactly(stored("fraud", 3, 3));
    Files.writeString(newest(), "torn again");

    assertThat(files.load()).containsExactly(stored("fraud", 1, 1));
  }

  @Test
  void oneThatCannotBeReadAtAllIsLeftOutAndTheOthersServe() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("risk", 5, 1));
    Files.writeString(newest(), "torn");

    assertThat(files.load()).containsExactly(stored("risk", 5, 1));
  }

  /** Of a gateway that had further metrics: what it declared is served all the same. */
  @Test
  void aLimitOfAMetricThatIsNotKnownIsLeftOut() throws Exception {
    MetricLimit known = MetricLimit.newBuilder().setMetric("millrace_replicas").setMax(3).build();
    dev.millrace.proto.admin.v1.DeploymentSpec.Builder spec =
        dev.millrace.proto.admin.v1.DeploymentSpec.newBuilder().setName("fraud").setVersion("1");
    spec.getUpdateBuilder().getGatesBuilder().addLimits(known);
    files.save(new Stored(Specs.read(spec.build()), 1, Traffic.all(1), Traffic.NONE, ""));
    String line = Files.readString(newest());
    String json = line.substring(line.indexOf('\n') + 1).replace("_replicas", "_of_another_day");
    Files.writeString(newest(), DeploymentFiles.checksum(json) + "\n" + json);

    assertThat(files.load())
        .singleElement()
        .satisfies(read -> assertThat(read.spec().update().gates().limits()).isEmpty());
  }

  @Test
  void whatIsDeletedLeavesNothing() throws Exception {
    files.save(stored("fraud", 1, 1));
    files.save(stored("fraud", 2, 2));
    files.delete("fraud");

    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(path -> path.getFileName().toString())).containsExactly(".lock");
    }
  }
}
