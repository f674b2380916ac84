// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.ModelLocation;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a gateway has learned of a model is what the simulator simulates it by. */
final class LiveCurvesTest {
  @TempDir private Path folder;

  @Test
  @Timeout(60)
  void readsTheCurvesOfARunningGateway() throws Exception {
    Path models = Files.createDirectories(folder.resolve("models"));
    Files.write(models.resolve("m.onnx"), OnnxModels.identity(DataType.FP32, "n", 4));
    ConfigValues values =
        ConfigValues.defaults()
            .with(ConfigKey.REPOSITORIES, ModelLocation.folders(models))
            .with(ConfigKey.STAGING_DIRECTORY, folder.resolve("staging"))
            .with(ConfigKey.GRPC_PORT, 0)
            .with(ConfigKey.HTTP_PORT, 0)
            .with(ConfigKey.EVENT_LOOPS, 1);
    Path export = folder.resolve("m.json");
    try (Gateway gateway = Gateway.start(GatewayConfig.from(values));
        HttpClient http = HttpClient.newHttpClient()) {
      URI address =
          URI.create("http://127.0.0.1:%d/v2/models/m/scheduling".formatted(gateway.httpPort()));
      http.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofFile(export));
    }

    MeasuredCurves curves = CurveFile.read(export);

    // the warm-up has run some sizes
    assertThat(curves.curves()).hasSize(1);
    assertThat(curves.curves().getFirst().shape()).isEqualTo("1");
    assertThat(curves.curves().getFirst().rows()).startsWith(1);
    assertThat(curves.nanos(0, 1)).isPositive();
    assertThat(curves.nanos(0, 8)).isGreaterThanOrEqualTo(curves.nanos(0, 1));
  }
}
