// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.guides.Guide;
import dev.millrace.gateway.guides.Script;
import dev.millrace.gateway.guides.Transcript;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sessions of the guide to the admin API, with the programs themselves. */
class AdminApiGuideTest {
  @TempDir private Path folder;
  private Gateway gateway;

  @BeforeEach
  void start() throws Exception {
    gateway =
        Gateway.start(
            GatewayConfig.from(
                ConfigValues.defaults()
                    .with(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
                    .with(ConfigKey.STAGING_DIRECTORY, folder.resolve("staging"))
                    .with(ConfigKey.GRPC_PORT, 0)
                    .with(ConfigKey.HTTP_PORT, 0)));
    Files.write(folder.resolve("model.onnx"), OnnxModels.identity(DataType.FP32, "n", 4));
    Files.write(folder.resolve("new.onnx"), OnnxModels.unary("Neg", DataType.FP32, "n", 4));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  @Timeout(120)
  void theLifeOfADeploymentByCurl() throws Exception {
    if (!Script.isThere("curl")) {
      throw Skip.because("curl", "no curl on the PATH");
    }
    run("curl", "By curl", "");
  }

  /** Without a time limit of its own: grpcurl may have to be built. */
  @Test
  void theLifeOfADeploymentByGrpcurl() throws Exception {
    switch (GoProgram.GRPCURL.provide(ProvisionCache.ofThisUser())) {
      case Provision.Installed installed ->
          run("grpcurl", "By grpcurl", installed.program().getParent() + ":");
      case Provision.Impossible impossible -> throw Skip.because("grpcurl", impossible.reason());
    }
  }

  private void run(String program, String section, String path) throws Exception {
    Script bash =
        new Script(
            folder,
            Map.of(
                "API", "http://127.0.0.1:" + gateway.httpPort() + "/admin/v1",
                "GRPC", "127.0.0.1:" + gateway.grpcPort(),
                "PATH", path + System.getenv("PATH")));
    int commands = 0;
    for (String block : Guide.read("admin-api.md").section(section).blocks("console")) {
      commands += new Transcript(block).check(bash);
    }
    assertThat(commands).isGreaterThan(10);
    System.out.printf("real clients: %s RUN, %d commands of the guide%n", program, commands);
  }
}
