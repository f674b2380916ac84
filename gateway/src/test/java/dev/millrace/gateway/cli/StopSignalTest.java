// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In a process of its own, because a signal is for all of it. */
@Timeout(30)
final class StopSignalTest {
  @Test
  void aTermSignalRunsTheActionAndTheProcessEndsWithZero() throws Exception {
    Process process = start("TEXT");
    try {
      assertThat(process.inputReader().readLine()).isEqualTo("ready");

      process.toHandle().destroy();

      assertThat(process.waitFor()).isZero();
      List<String> lines = process.errorReader().lines().toList();
      assertThat(lines).hasSize(2);
      assertThat(lines.get(0)).matches("\\S+ WARN  probe: from java.util.logging");
      assertThat(lines.get(1)).matches("\\S+ INFO  probe: closing now");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aSecondSignalEndsTheProcessAtOnce() throws Exception {
    Process process = start("TEXT", "stuck");
    try {
      assertThat(process.inputReader().readLine()).isEqualTo("ready");
      BufferedReader errors = process.errorReader();
      assertThat(errors.readLine()).contains("java.util.logging");

      process.toHandle().destroy();
      assertThat(errors.readLine()).contains("closing now");
      process.toHandle().destroy();

      assertThat(process.waitFor()).isEqualTo(130);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void logsAsJsonAreOneObjectALine() throws Exception {
    Process process = start("JSON");
    try {
      assertThat(process.inputReader().readLine()).isEqualTo("ready");
      process.toHandle().destroy();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();

      assertThat(process.errorReader().lines())
          .hasSize(2)
          .map(JsonText::parse)
          .last()
          .satisfies(
              event -> {
                Json.Members members = (Json.Members) event;
                assertThat(members.get("formattedMessage")).contains(new Json.Text("closing now"));
                assertThat(members.get("level")).contains(new Json.Text("INFO"));
                assertThat(members.get("loggerName")).contains(new Json.Text("probe"));
              });
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(StopProbe.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }
}
