// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.Tally;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class GrpcEndpointTest {
  private final Set<Thread> before = eventLoops();

  @AfterEach
  void noThreadIsLeft() {
    await().pollInSameThread().untilAsserted(() -> assertThat(eventLoops()).isEqualTo(before));
  }

  private static Set<Thread> eventLoops() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().contains("EventLoop"))
        .collect(Collectors.toSet());
  }

  private static GrpcEndpoint start(String host, int port) throws IOException {
    ConfigValues values =
        ConfigValues.defaults()
            .with(ConfigKey.HOST, host)
            .with(ConfigKey.GRPC_PORT, port)
            .with(ConfigKey.EVENT_LOOPS, 2);
    return GrpcEndpoint.start(
        GatewayConfig.from(values),
        2,
        new Routes(() -> {}),
        new Tally<>(Failure.Kind.class),
        new HealthStatusManager().getHealthService(),
        ServerServiceDefinition.builder("none").build(),
        List.of(),
        "test");
  }

  @Test
  void leavesNothingBehindWhenItStops() throws IOException {
    GrpcEndpoint endpoint = start("127.0.0.1", 0);
    assertThat(endpoint.port()).isPositive();
    assertThat(eventLoops()).hasSizeGreaterThan(before.size());

    endpoint.stop(0);
  }

  @Test
  void leavesNothingBehindWhenTheHostIsUnknown() {
    assertThatThrownBy(() -> start("no-such-host.invalid", 0))
        .isInstanceOf(IOException.class)
        .hasMessage("host: 'no-such-host.invalid' is unknown");
  }

  @Test
  void leavesNothingBehindWhenThePortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();

      assertThatThrownBy(() -> start("127.0.0.1", port))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("gRPC port %d of 127.0.0.1: ".formatted(port));
    }
  }
}
