// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.threads.Niceness;
import dev.millrace.backends.threads.ThreadNiceness;
import dev.millrace.gateway.config.ConfigKey;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What Linux says of the threads that answer, after others have given way. */
@Timeout(90)
@EnabledOnOs(OS.LINUX)
class WhoServesTest {
  private static final Path THREADS = Path.of("/proc/self/task");
  private static final int PROBES = 20;

  private TestGateway gateway;

  @BeforeEach
  void start(@TempDir Path folder) {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4))
            .polling()
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void probesAndRequestsAreAnsweredByThreadsThatNeverGaveWay() throws Exception {
    int mine = ThreadNiceness.mine();
    byte[] next = OnnxModels.unary("Abs", DataType.FP32, "n", 4);
    TestGateway.write(gateway.repository().resolve("negate/2/model.onnx"), next);
    await().atMost(TestGateway.PATIENCE).until(() -> gateway.index("negate", "2").isPresent());
    carriersThatGiveWay();
    for (int i = 0; i < PROBES; i++) {
      assertThat(gateway.get("/v2/health/ready").statusCode()).isEqualTo(200);
      assertThat(gateway.get("/metrics").statusCode()).isEqualTo(200);
      gateway.infer("negate", Tensor.rows(1, 1));
    }

    for (String preparing : List.of("control", "loader", "repository")) {
      assertThat(nicenessOf(preparing))
          .as(preparing)
          .isNotEmpty()
          .containsOnly(Math.min(19, mine + 10));
    }
    for (String serving : List.of("http-.*", "HTTP-Dispatcher", "grpc.*", "replica-.*")) {
      assertThat(nicenessOf(serving)).as(serving).isNotEmpty().containsOnly(mine);
    }
  }

  /**
   * As many virtual threads as have a carrier started by each thread that gives way, unless earlier
   * tests have left carriers behind. What answers on virtual threads is not found below /proc.
   */
  private static void carriersThatGiveWay() throws InterruptedException {
    CountDownLatch done = new CountDownLatch(PROBES);
    Runnable task =
        () -> {
          for (int i = 0; i < PROBES; i++) {
            Thread.ofVirtual().start(done::countDown);
          }
        };
    Thread.ofPlatform().start(Niceness.givingWay(task)).join();
    done.await();
  }

  private static List<Integer> nicenessOf(String name) throws IOException {
    List<Integer> found = new ArrayList<>();
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        if (name(thread).matches(name)) {
          niceness(thread).ifPresent(found::add);
        }
      }
    }
    return found;
  }

  /** The kernel keeps the first 15 letters. */
  private static String name(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).strip();
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }

  private static Optional<Integer> niceness(Path thread) {
    try {
      return Optional.of(ThreadNiceness.of(thread));
    } catch (IOException e) {
      return Optional.empty(); // it has just ended
    }
  }
}
