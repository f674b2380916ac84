// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SoakPartsTest {
  @TempDir Path folder;

  @Test
  void aVersionReplacesTheOneBeforeTheLast() throws Exception {
    Versions versions = new Versions(folder.resolve("tiny_mlp"));

    versions.next();
    versions.next();
    versions.next();

    assertThat(folder.resolve("tiny_mlp/3/model.onnx")).exists();
    assertThat(folder.resolve("tiny_mlp/2/model.onnx")).exists();
    assertThat(folder.resolve("tiny_mlp").toFile().list()).containsExactlyInAnyOrder("2", "3");
    assertThat(versions.written()).isEqualTo(3);
  }

  @Test
  void memoryCountsOnceItHasSettled() {
    AtomicLong seconds = new AtomicLong();
    ResidentMemory memory =
        new ResidentMemory(
            () -> TimeUnit.SECONDS.toNanos(seconds.get()), () -> (100 + seconds.get()) << 20);

    for (long at : new long[] {5, 60, 65, 70}) {
      seconds.set(at);
      memory.sample();
    }

    assertThat(memory.mebibytesAfter(60)).containsExactly(165.0, 170.0);
    assertThat(ResidentMemory.riseInPercent(List.of(165.0, 170.0, 165.0)))
        .isCloseTo(3.03, within(0.01));
  }
}
