// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.device.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

@EnabledOnOs(OS.LINUX)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class NvmlTest {
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  private GpuMonitor monitor = GpuMonitor.NONE;

  @BeforeAll
  void compilesADriver(@TempDir Path folder) throws Exception {
    monitor =
        FakeNvml.open(folder)
            .orElseThrow(
                () -> {
                  System.out.println("fake driver: SKIPPED: no cc on the PATH");
                  return new TestAbortedException("no cc on the PATH");
                });
  }

  @Test
  void readsWhatEachGpuTellsAndLeavesOutWhatItDoesNot() {
    assertThat(monitor.driverVersion()).contains("580.65.06");
    assertThat(monitor.read())
        .containsExactly(
            new GpuReading(
                Device.gpu(0),
                "Test GPU 80GB",
                "GPU-1234",
                OptionalLong.of(37),
                OptionalLong.of(30L << 30),
                OptionalLong.of(80L << 30),
                OptionalLong.of(250_500),
                OptionalLong.of(61),
                OptionalLong.of(3),
                OptionalLong.of(2)),
            new GpuReading(
                Device.gpu(1),
                "Old GPU",
                "",
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                OptionalLong.of(60),
                UNKNOWN,
                UNKNOWN));
    // what was counted stays counted
    assertThat(monitor.read().getFirst().xidErrors()).hasValue(2);
  }

  @Test
  void withoutADriverThereIsNothingToSee(@TempDir Path folder) throws Exception {
    assertThat(Nvml.open("libnvidia-ml-that-is-not-there.so.1")).isSameAs(GpuMonitor.NONE);
    Path broken = Files.writeString(folder.resolve("broken.so"), "no library");
    assertThat(Nvml.open(broken.toString())).isSameAs(GpuMonitor.NONE);
    assertThat(GpuMonitor.NONE.read()).isEmpty();
  }

  @Test
  void aLibraryOfAnotherKindIsNoDriver() {
    assertThat(Nvml.open("libc.so.6")).isSameAs(GpuMonitor.NONE);
  }

  @Test
  void onceItIsClosedItTellsNothing(@TempDir Path folder) throws Exception {
    GpuMonitor other = FakeNvml.open(folder).orElseThrow();
    assertThat(other.read()).hasSize(2);

    other.close();
    other.close();

    assertThat(other.read()).isEmpty();
    assertThat(other.driverVersion()).isEmpty();
  }
}
