// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CoreSharingTest {
  private static final long MILLI = 1_000_000;

  @TempDir private Path folder;

  private long nowNanos = 5_000 * MILLI;

  private boolean after(CoreSharing sharing, long ofMillis, long soFarMillis) throws IOException {
    nowNanos += ofMillis * MILLI;
    Files.writeString(folder.resolve("schedstat"), "123 " + soFarMillis * MILLI + " 45\n");
    return sharing.test(nowNanos);
  }

  @Test
  void isSharedWhereAThreadWaitsForMoreThanATwentiethOfTheTime() throws IOException {
    CoreSharing sharing = new CoreSharing(folder.resolve("schedstat"));
    assertThat(after(sharing, 0, 1_000)).as("nothing to compare with").isFalse();
    assertThat(after(sharing, 200, 1_100)).isTrue();
    assertThat(after(sharing, 50, 1_100)).as("not looked at again so soon").isTrue();
    assertThat(after(sharing, 100, 1_104)).as("a little less than before").isTrue();
    assertThat(after(sharing, 100, 1_105)).isFalse();
    assertThat(after(sharing, 100, 1_109)).as("not enough to begin with").isFalse();
    assertThat(after(sharing, 5_000, 9_000)).as("too long ago").isFalse();
  }

  @Test
  void isNotSharedWhereNobodyCounts() {
    CoreSharing unknown = new CoreSharing(folder.resolve("nothing"));
    assertThat(unknown.test(nowNanos)).isFalse();
    assertThat(unknown.test(nowNanos + 200 * MILLI)).isFalse();
  }

  @Test
  void isNotSharedWhereTheCountIsOfAnotherForm() throws IOException {
    Files.writeString(folder.resolve("odd"), "what?");
    CoreSharing odd = new CoreSharing(folder.resolve("odd"));
    assertThat(odd.test(nowNanos)).isFalse();
    assertThat(odd.test(nowNanos + 200 * MILLI)).isFalse();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void linuxCountsInThatForm() throws IOException {
    assertThat(Files.readString(CoreSharing.OF_THIS_THREAD)).matches("\\d+ \\d+ \\d+\\s*");
  }
}
