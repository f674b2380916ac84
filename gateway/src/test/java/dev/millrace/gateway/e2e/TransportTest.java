// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.TransportKind;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same requests over each way to sockets. */
@Timeout(60)
class TransportTest {
  @TempDir private Path folder;

  private static boolean isAvailable(TransportKind kind) {
    return switch (kind) {
      case AUTO, NIO -> true;
      case EPOLL -> Epoll.isAvailable();
      case IO_URING -> IoUring.isAvailable();
    };
  }

  private TestGateway.Builder gateway(TransportKind kind) {
    return TestGateway.over(folder)
        .set(ConfigKey.TRANSPORT, kind)
        .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4));
  }

  private static void answers(TestGateway gateway) {
    for (int i = 1; i < 20; i++) {
      assertThat(gateway.infer("negate", Tensor.floats("x", new float[] {i, 2, 3, 4}, 1, 4)))
          .containsExactly(Tensor.floats("y", new float[] {-i, -2, -3, -4}, 1, 4));
    }
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void serves(TransportKind kind) {
    assumeTrue(isAvailable(kind), kind + " is not available here");
    try (TestGateway gateway = gateway(kind).start()) {
      answers(gateway);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 10_000_000})
  void servesWhetherItPollsOrSleeps(long busyPollNanos) {
    try (TestGateway gateway =
        gateway(TransportKind.AUTO)
            .set(ConfigKey.BUSY_POLL, Duration.ofNanos(busyPollNanos))
            .start()) {
      answers(gateway);
    }
  }
}
