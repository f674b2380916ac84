// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.process.Pinning.Place;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PinningTest {
  @Test
  void serversAndLoadHaveACoreEach() {
    Pinning pinning = Pinning.of(CpuList.parse("2-3,8"));

    assertThat(pinning.isPinned()).isTrue();
    assertThat(pinning.words()).isEqualTo("servers on core 2, load on core 3");
    assertThat(pinning.prefix(Place.SERVER_CORE)).containsExactly("taskset", "-c", "2");
    assertThat(pinning.prefix(Place.ANYWHERE)).containsExactly("taskset", "-c", "2,3,8");
  }

  @Test
  void oneCoreIsShared() throws Exception {
    Pinning pinning = Pinning.of(CpuList.parse("5"));

    assertThat(pinning.isPinned()).isFalse();
    assertThat(pinning.words()).isEqualTo("not pinned (one core only)");
    assertThat(pinning.prefix(Place.SERVER_CORE)).isEmpty();
    pinning.placeLoadFor(Place.SERVER_CORE);
  }

  @Test
  void readsWhatLinuxSaysOfAProcess() {
    ProcStatus status = new ProcStatus(List.of("Name:\tjava", "VmRSS:\t    2048 kB"));

    assertThat(status.residentBytes()).hasValue(2 << 20);
    assertThat(status.text("Name")).contains("java");
    assertThat(new ProcStatus(List.of()).residentBytes()).isEmpty();
  }
}
