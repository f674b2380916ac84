// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.baseline.BareGrpc;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class InstallationTest {
  private final Installation installation =
      new Installation(
          Path.of("/opt/millrace"),
          Path.of("/opt/jdk"),
          "/lib/grpc-netty-1.85.1.jar:/lib/onnxruntime-1.29.0.jar");

  @Test
  void programsRunWithTheFlagsOfTheGateway() {
    assertThat(
            installation.program(
                List.of("-Xmx1g", "-Dmillrace.home=/opt", "-XX:+UseG1GC", "-XX:AOTCache=x"),
                BareGrpc.class,
                List.of("0")))
        .containsExactly(
            "/opt/jdk/bin/java",
            "-Xmx1g",
            "-XX:+UseG1GC",
            "-Dio.netty.leakDetection.level=disabled",
            "-Dslf4j.internal.verbosity=ERROR",
            "-cp",
            "/lib/grpc-netty-1.85.1.jar:/lib/onnxruntime-1.29.0.jar",
            "dev.millrace.loadtest.baseline.BareGrpc",
            "0");
  }

  @Test
  void theGatewayIsStartedByItsLauncher() {
    assertThat(installation.launcher(List.of("serve")))
        .containsExactly("/opt/millrace/millrace", "serve");
    assertThat(installation.environment())
        .containsEntry("MILLRACE_HOME", "/opt/millrace")
        .containsEntry("MILLRACE_JVM_FLAGS", "-Xms1g -Xmx1g");
  }

  @Test
  void versionsAreThoseOfTheClassPath() {
    assertThat(installation.version("onnxruntime")).contains("1.29.0");
    assertThat(installation.version("grpc-netty")).contains("1.85.1");
    assertThat(installation.version("netty-transport")).isEmpty();
  }
}
