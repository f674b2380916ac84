// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GatewayConfigTest {
  @Test
  void hasTheDefaults() {
    GatewayConfig config = GatewayConfig.defaults();

    assertThat(config.repository().locations()).isEmpty();
    assertThat(config.repository().modelControl()).isEqualTo(ModelControl.NONE);
    assertThat(config.repository().pollInterval()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.repository().stagingDirectory().getFileName())
        .hasToString("millrace-" + ProcessHandle.current().pid());
    assertThat(config.listen()).isEqualTo(new GatewayConfig.Listen("127.0.0.1", 8001, 8000));
    assertThat(config.limits()).isEqualTo(new GatewayConfig.Limits(268435456, 16384, 4096));
    assertThat(config.serving().shutdownGrace()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.logging())
        .isEqualTo(new GatewayConfig.Logging(LogFormat.TEXT, LogLevel.INFO));
  }

  @Test
  void takesHalfOfTheCoresForEventLoopsUnlessToldOtherwise() {
    GatewayConfig.Serving auto = GatewayConfig.defaults().serving();

    assertThat(auto.eventLoopCount(1)).isEqualTo(1);
    assertThat(auto.eventLoopCount(2)).isEqualTo(1);
    assertThat(auto.eventLoopCount(16)).isEqualTo(8);
    assertThat(
            new GatewayConfig.Serving(
                    3, TransportKind.AUTO, Duration.ZERO, Duration.ZERO, Duration.ZERO, 1L << 30)
                .eventLoopCount(16))
        .isEqualTo(3);
  }

  @Test
  void cannotHoldAValueThatIsNotAllowed() {
    assertThatThrownBy(() -> new GatewayConfig.Listen("127.0.0.1", 70000, 8000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("grpc_port: 70000 (expected 0..65535)");
    assertThatThrownBy(() -> new GatewayConfig.Listen("127.0.0.1", 8000, 8000))
        .hasMessage("http_port: 8000 (expected another than grpc_port)");
    assertThatThrownBy(() -> ConfigValues.defaults().with(ConfigKey.EVENT_LOOPS, -1))
        .hasMessage("event_loops: -1 (expected 0..1024)");
  }

  @Test
  void copiesItsLists() {
    List<ModelLocation> directories = new ArrayList<>(ModelLocation.folders(Path.of("/a")));
    GatewayConfig config =
        GatewayConfig.from(ConfigValues.defaults().with(ConfigKey.REPOSITORIES, directories));

    directories.clear();

    assertThat(config.repository().locations())
        .containsExactly(new ModelLocation.Folder(Path.of("/a")));
  }
}
