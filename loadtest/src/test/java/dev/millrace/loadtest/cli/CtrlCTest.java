// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** In a process of its own, because a signal is for all of it. */
@Timeout(60)
final class CtrlCTest {
  @Test
  // env: a shell in the background has its children ignore Ctrl-C, and this may run in one
  @EnabledOnOs(OS.LINUX)
  void printsWhatWasMeasuredSoFarAndEndsWith130() throws Exception {
    Process process =
        new ProcessBuilder(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                CtrlCProbe.class.getName())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader output = process.inputReader()) {
      assertThat(output.readLine()).isEqualTo("measuring");

      assertThat(new ProcessBuilder("kill", "-INT", "" + process.pid()).start().waitFor()).isZero();

      List<String> lines = output.lines().toList();
      assertThat(lines)
          .startsWith(
              "ended early; this is what was measured so far",
              "300 OK of 300 requests in 3.0 s: 100/s");
      assertThat(process.waitFor()).isEqualTo(130);
    } finally {
      process.destroyForcibly();
    }
  }
}
