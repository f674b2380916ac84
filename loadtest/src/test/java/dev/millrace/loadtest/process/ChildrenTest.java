// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
@EnabledOnOs(OS.LINUX)
final class ChildrenTest {
  private static final Pattern READY = Pattern.compile("ready on ([0-9]+)");

  @Test
  void nothingIsLeftBehind() throws Exception {
    Path folder;
    Child child;
    try (Children children = Children.create()) {
      folder = children.folder();
      child =
          children.start(
              "sleeper", List.of("sh", "-c", "echo ready on 7; exec sleep 60"), Map.of());

      assertThat(child.await(READY, 30).group(1)).isEqualTo("7");
      assertThat(child.process().isAlive()).isTrue();
    }

    assertThat(child.process().isAlive()).isFalse();
    assertThat(folder).doesNotExist();
  }

  @Test
  void aChildThatEndsIsToldOfWithItsLastWords() throws Exception {
    try (Children children = Children.create()) {
      Child child = children.start("short", List.of("sh", "-c", "echo no port; exit 3"), Map.of());

      assertThatThrownBy(() -> child.await(READY, 30))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("short: ended with 3")
          .hasMessageContaining("no port");
    }
  }

  @Test
  void aProbeLooksIntoAnotherJvm() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    try (Children children = Children.create()) {
      Child child =
          children.start(
              "jvm",
              List.of(
                  java.toString(),
                  "-Xmx64m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  ReadyProbe.class.getName()),
              Map.of());
      child.await(READY, 30);

      try (Probe probe = Probe.attach(child.pid())) {
        Probe.Reading reading = probe.read();

        assertThat(reading.cpuNanos()).isPositive();
        assertThat(reading.allocatedBytes()).isPositive();
        assertThat(probe.read().since(reading).allocatedBytes()).isNotNegative();
        assertThat(probe.flags()).contains("-Xmx64m");
        assertThat(probe.usedHeapBytes()).isPositive();
      }
    }
  }
}
