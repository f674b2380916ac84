// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loadtest.workload.WorkloadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayedArrivalsTest {
  @TempDir private Path directory;

  @Test
  void replaysTheMomentsOfAFile() throws IOException {
    ArrivalSpec spec = ArrivalSpec.replay(file("# seconds\n0\n0.5  # twice\n0.5\n\n2e0\n"));

    assertThat(Moments.all(spec.schedule(1)))
        .containsExactly(0L, 500_000_000L, 500_000_000L, 2_000_000_000L);
    assertThat(spec.requests()).isEqualTo(4);
    assertThat(spec.seconds()).isEqualTo(2);
  }

  @Test
  void replaysMoreThanItsFirstBuffer() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      lines.append(i / 1000.0).append('\n');
    }

    assertThat(Moments.all(ArrivalSpec.replay(file(lines.toString())).schedule(1)))
        .hasSize(5000)
        .isSorted();
  }

  @Test
  void namesTheLineThatGoesBack() throws IOException {
    Path file = file("1\n# and then\n0.5\n");

    assertThatThrownBy(() -> ArrivalSpec.replay(file))
        .isInstanceOf(WorkloadException.class)
        .hasMessage(file + ":3: 0.5 (expected not before the moment above, 1.0)");
  }

  @Test
  void namesTheLineThatIsNoMoment() throws IOException {
    for (String line : new String[] {"soon", "-1", "NaN", "1e300", "1 2"}) {
      Path file = file("0\n" + line + "\n");

      assertThatThrownBy(() -> ArrivalSpec.replay(file))
          .isInstanceOf(WorkloadException.class)
          .hasMessage(file + ":2: '" + line + "' (expected seconds since the start, 0 or more)");
    }
  }

  @Test
  void refusesFilesWithoutMoments() throws IOException {
    Path empty = file("# nothing\n");
    Path none = directory.resolve("none");
    Path binary = directory.resolve("binary");
    Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});

    assertThatThrownBy(() -> ArrivalSpec.replay(empty)).hasMessageContaining("no arrival times");
    assertThatThrownBy(() -> ArrivalSpec.replay(none)).hasMessage(none + ": no such file");
    assertThatThrownBy(() -> ArrivalSpec.replay(directory)).hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> ArrivalSpec.replay(binary)).hasMessage(binary + ": not a text file");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("arrivals.txt"), text);
  }
}
