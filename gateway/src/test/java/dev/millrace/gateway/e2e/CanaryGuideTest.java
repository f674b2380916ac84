// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.gateway.Main;
import dev.millrace.gateway.clients.Skip;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.guides.Guide;
import dev.millrace.gateway.guides.Script;
import dev.millrace.gateway.guides.Transcript;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sessions of the guide to canaries, while applications send requests. */
class CanaryGuideTest {
  private static final String PAGE = "canary-and-rollback.md";

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeAll
  static void bashIsThere() {
    if (!Script.isThere("bash")) {
      throw Skip.because("bash", "no bash on the PATH");
    }
  }

  @BeforeEach
  void start() throws Exception {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
    Files.write(folder.resolve("model.onnx"), AddedNumber.model(1));
    Files.write(folder.resolve("new.onnx"), AddedNumber.model(2));
    Files.write(folder.resolve("slow.onnx"), AddedNumber.slowModel(3));
    List<String> files = Guide.read(PAGE).blocks("yaml");
    Files.writeString(folder.resolve("fraud.yaml"), files.get(0));
    Files.writeString(folder.resolve("green.yaml"), files.get(1));
    Files.writeString(folder.resolve("half.yaml"), files.get(2));
    writeLauncher();
  }

  /** The launcher's own way to a JVM, without what it builds first. */
  private void writeLauncher() throws Exception {
    Path launcher =
        Files.writeString(
            folder.resolve("millrace"),
            """
            #!/bin/sh
            exec "%s/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -cp "$CLASS_PATH" %s "$@" --server "$SERVER"
            """
                .formatted(System.getProperty("java.home"), Main.class.getName()));
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  @Timeout(300)
  void eachCommandPrintsWhatThePageShowsAndNoRequestFails() throws Exception {
    Script bash =
        new Script(
            folder,
            Map.of(
                "CLASS_PATH",
                System.getProperty("java.class.path"),
                "SERVER",
                "127.0.0.1:" + gateway.gateway().grpcPort()));
    int commands = 0;
    try (Applications applications = new Applications(gateway, "fraud")) {
      for (String block : Guide.read(PAGE).blocks("console")) {
        commands += new Transcript(block).check(bash);
        applications.begin();
      }
      applications.requireAnswered();
      assertThat(applications.versions()).containsExactly(1L, 2L, 3L);
    }
    assertThat(commands).isGreaterThan(25);
  }
}
