// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.natives.JarNatives;
import dev.millrace.gateway.cli.TestShell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native libraries out of a real wheel, in processes of their own: one loads them once.
 *
 * <p>The wheel for processors, which is a tenth of the one for GPUs and goes the same road.
 */
@EnabledOnOs(OS.LINUX)
final class NativesTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  @TempDir Path folder;

  /** Fetched by the command, once for all builds on this machine. */
  private static Path natives() throws IOException, InterruptedException {
    if (JarNatives.areForGpus()) {
      throw Skip.because("natives", "the jar is that for GPUs, and no build for processors fits");
    }
    if (new Program("python3", TIMEOUT, Map.of()).tryRun("-m", "pip", "--version").isEmpty()) {
      throw Skip.because("natives", "no python3 with pip on the PATH");
    }
    return ProvisionCache.ofThisUser()
        .folder("natives-cpu-" + JarNatives.jni().ortVersion(), NativesTest::fetch);
  }

  private static void fetch(Path folder) {
    TestShell.Run run = new TestShell().run("natives", "fetch", "cpu", "--to", folder + "/fetched");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("as the jar", "use it: ./millrace serve --ort-natives");
  }

  private static List<String> millrace(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.millrace.gateway.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  private static String devices(Path natives) throws IOException, InterruptedException {
    List<String> command = millrace("devices", "-o", "json");
    return new Program(
            command.getFirst(), TIMEOUT, Map.of("MILLRACE_ORT_NATIVES", natives.toString()))
        .run(command.subList(1, command.size()));
  }

  @Test
  void aFetchedDirectoryIsTheOneThatIsLoaded() throws Exception {
    Path natives = natives().resolve("fetched");

    assertThat(devices(natives))
        .contains(
            "\"engine\":\"ONNX Runtime " + JarNatives.jni().ortVersion(),
            "\"build\":\"" + natives.toRealPath(),
            "\"provider\":\"CPU\",\"usable\":true");
  }

  @Test
  void soIsAWheelsOwnFolderWithNothingOfTheJar() throws Exception {
    Path capi = Files.createDirectories(folder.resolve("capi"));
    try (Stream<Path> files = Files.list(natives().resolve("fetched"))) {
      for (Path file : files.filter(f -> !Files.isSymbolicLink(f)).toList()) {
        if (!file.getFileName().toString().contains("jni")) {
          Files.copy(file, capi.resolve(file.getFileName()));
        }
      }
    }

    assertThat(devices(capi)).contains("\"build\":\"" + capi.toRealPath());
    assertThat(capi.resolve("libonnxruntime4j_jni.so")).doesNotExist();
  }

  @Test
  void modelsAreServedWithIt() throws Exception {
    Path natives = natives().resolve("fetched");
    int port = BackgroundProgram.freePort();
    Path log = folder.resolve("log");
    List<String> command =
        millrace(
            "serve",
            "--ort-natives",
            natives.toString(),
            "--repository",
            Path.of("..", "deploy/demo/models").toString(),
            "--grpc-port",
            Integer.toString(port),
            "--http-port",
            "-1");
    try (BackgroundProgram gateway = BackgroundProgram.start(command, Map.of(), port, log)) {
      assertThat(gateway).isNotNull();
      await()
          .atMost(TIMEOUT)
          .untilAsserted(
              () ->
                  assertThat(new TestShell().run("models", "--server", "127.0.0.1:" + port).out())
                      .contains("READY")
                      .doesNotContain("LOADING", "FAILED"));
    }
    assertThat(log).content().contains("ONNX Runtime of " + natives.resolve("libonnxruntime.so"));
  }
}
