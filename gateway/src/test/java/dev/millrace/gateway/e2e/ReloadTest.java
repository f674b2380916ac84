// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A repository that changes while its models are asked without a pause. */
@Timeout(90)
class ReloadTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final byte[] GARBAGE = "no model".getBytes(StandardCharsets.UTF_8);

  private TestGateway gateway;

  @BeforeEach
  void start(@TempDir Path folder) {
    TestGateway.Builder models =
        TestGateway.over(folder).polling().model("model", 1, SAME).model("other", 1, SAME);
    TestGateway.write(folder.resolve("models/external/1/weights.bin"), floats(2));
    models.model("external", 1, scaledByExternalWeights());
    gateway = models.start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  /** {@code y = x * w}, with w in a file of its own. */
  private static byte[] scaledByExternalWeights() {
    return OnnxGraphBuilder.named("external")
        .input("x", DataType.FP32, "n", 4)
        .output("y", DataType.FP32, "n", 4)
        .externalInitializer("w", "weights.bin", 0, 16, 4)
        .node("Mul", List.of("x", "w"), List.of("y"))
        .build();
  }

  private static byte[] floats(float value) {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 4; i++) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  private static ConditionFactory soon() {
    return await().atMost(TestGateway.PATIENCE);
  }

  private Path file(String path) {
    return gateway.repository().resolve(path);
  }

  private String servedVersion(String model) {
    return gateway.infer(Tensor.request(model, Tensor.rows(1, 1))).getModelVersion();
  }

  @Test
  void aNewVersionTakesOverWithoutAFailedRequest() throws Exception {
    try (Callers callers = new Callers("model")) {
      soon().until(() -> callers.answers.get() > 100);

      copySlowly(NEGATED, file("model/2/model.onnx"), callers);

      soon().until(() -> callers.versions.contains("2"));
      callers.awaitMore(100);
      assertThat(callers.failures).isEmpty();
      assertThat(callers.versions).containsExactlyInAnyOrder("1", "2");
    }
    assertThat(servedVersion("model")).isEqualTo("2");
    soon().until(() -> gateway.index("model", "1").isEmpty());
    assertThat(gateway.infer("other", Tensor.rows(1, 1))).hasSize(1);
  }

  /** In pieces, so that a look at the repository falls between them. */
  private static void copySlowly(byte[] content, Path target, Callers callers) throws IOException {
    Files.createDirectories(target.getParent());
    int piece = content.length / 4 + 1;
    try (OutputStream out = Files.newOutputStream(target)) {
      for (int from = 0; from < content.length; from += piece) {
        out.write(Arrays.copyOfRange(content, from, Math.min(content.length, from + piece)));
        out.flush();
        callers.awaitMore(50);
      }
    }
  }

  @Test
  void aBrokenVersionLeavesTheOldOneServingAndSaysWhy() throws Exception {
    try (Callers callers = new Callers("model")) {
      TestGateway.write(file("model/2/model.onnx"), GARBAGE);

      soon()
          .until(
              () ->
                  gateway
                      .index("model", "2")
                      .filter(entry -> entry.getReason().contains("not an ONNX model"))
                      .isPresent());
      callers.awaitMore(100);
      assertThat(callers.failures).isEmpty();
      assertThat(callers.versions).containsExactly("1");
      assertThat(gateway.index("model", "1").orElseThrow().getState()).isEqualTo("READY");
      assertThat(gateway.get("/v2/health/ready").statusCode()).isEqualTo(200);

      // repaired, it takes over
      TestGateway.write(file("model/2/model.onnx"), NEGATED);
      soon().until(() -> callers.versions.contains("2"));
      assertThat(callers.failures).isEmpty();
    }
  }

  @Test
  void theSameVersionWithOtherContentTakesOver() throws Exception {
    try (Callers callers = new Callers("model")) {
      Path next = file("model/1/.next");
      TestGateway.write(next, NEGATED);
      Files.move(
          next,
          file("model/1/model.onnx"),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);

      soon().until(() -> callers.negated.get() > 0);
      callers.awaitMore(100);
      assertThat(callers.failures).isEmpty();
    }
  }

  @Test
  void dataBesideTheModelMayBeOverwrittenInPlace() throws Exception {
    Tensor x = Tensor.floats("x", new float[] {1, 2, 3, 4}, 1, 4);
    Tensor doubled = Tensor.floats("y", new float[] {2, 4, 6, 8}, 1, 4);
    Tensor tripled = Tensor.floats("y", new float[] {3, 6, 9, 12}, 1, 4);
    assertThat(gateway.infer("external", x)).containsExactly(doubled);

    Files.write(file("external/1/weights.bin"), floats(3), StandardOpenOption.TRUNCATE_EXISTING);

    soon()
        .until(
            () -> {
              List<Tensor> answer = gateway.infer("external", x);
              assertThat(answer).isSubsetOf(doubled, tripled);
              return answer.contains(tripled);
            });
  }

  @Test
  void aRemovedModelIsGoneAndANewOneServes() throws Exception {
    delete(file("other"));
    TestGateway.write(file("fresh.onnx"), NEGATED);

    soon().until(() -> gateway.index("other", "1").isEmpty());
    assertThatThrownBy(() -> gateway.infer("other", Tensor.rows(1, 1)))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
    soon()
        .until(
            () ->
                gateway
                    .index("fresh", "1")
                    .filter(entry -> entry.getState().equals("READY"))
                    .isPresent());
    assertThat(gateway.infer("fresh", Tensor.rows(1, 0))).hasSize(1);
  }

  @Test
  void aRemovedVersionGivesWayToTheOneBefore() throws Exception {
    TestGateway.write(file("model/2/model.onnx"), NEGATED);
    soon().until(() -> servedVersion("model").equals("2"));
    try (Callers callers = new Callers("model")) {
      delete(file("model/2"));
      soon().until(() -> callers.versions.contains("1"));
      callers.awaitMore(100);
      assertThat(callers.failures).isEmpty();
    }
  }

  @Test
  void requestsOnAReplacedVersionFinishOnIt(@TempDir Path other) throws Exception {
    try (TestGateway held =
        TestGateway.over(other)
            .polling()
            .echo("held", "replaced", "inputs = x FP32[-1,4]", "max_batch_size: 1")
            .start()) {
      List<Future<ModelInferResponse>> inFlight = new ArrayList<>();
      try (Gate gate = Gate.of("replaced").shut()) {
        for (int i = 0; i < 5; i++) {
          inFlight.add(
              held.futureStub().modelInfer(Tensor.request("replaced", Tensor.rows(1, i)).build()));
        }
        soon().until(() -> gate.waiting() == 1);
        soon().until(() -> held.metrics().sum("millrace_queued_rows") == 4);
        TestGateway.write(
            held.repository().resolve("replaced/2/model.echo"),
            "inputs = x FP32[-1,4]".getBytes(StandardCharsets.UTF_8));
        // the new version's first run stands before the same gate: it is being warmed
        soon().until(() -> gate.waiting() == 2);
      }
      for (int i = 0; i < inFlight.size(); i++) {
        ModelInferResponse answer = inFlight.get(i).get(30, TimeUnit.SECONDS);
        assertThat(answer.getModelVersion()).isEqualTo("1");
        assertThat(Tensor.of(answer)).containsExactly(Tensor.rows(1, i).named("y"));
      }
      soon()
          .until(
              () ->
                  held.infer(Tensor.request("replaced", Tensor.rows(1, 9)))
                      .getModelVersion()
                      .equals("2"));
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Asks a model again and again, from two threads, and checks every answer. */
  private final class Callers implements AutoCloseable {
    final Set<String> versions = ConcurrentHashMap.newKeySet();
    final Set<String> failures = ConcurrentHashMap.newKeySet();
    final AtomicLong answers = new AtomicLong();
    final AtomicLong negated = new AtomicLong();
    private final String model;
    private final AtomicBoolean done = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    Callers(String model) {
      this.model = model;
      for (int i = 0; i < 2; i++) {
        threads.add(Thread.ofPlatform().name("caller-" + i).start(this::ask));
      }
    }

    private void ask() {
      float first = 1;
      while (!done.get()) {
        try {
          first++;
          Tensor sent = Tensor.floats("x", new float[] {first, first, first, first}, 1, 4);
          Tensor minus = Tensor.floats("y", new float[] {-first, -first, -first, -first}, 1, 4);
          ModelInferResponse response = gateway.infer(Tensor.request(model, sent));
          Tensor answer = Tensor.of(response).get(0);
          versions.add(response.getModelVersion());
          if (answer.equals(minus)) {
            negated.incrementAndGet();
          } else if (!answer.equals(sent.named("y"))) {
            failures.add("wrong answer " + answer);
          }
        } catch (RuntimeException e) {
          failures.add(e.toString());
        }
        answers.incrementAndGet();
      }
    }

    /** Waits until so many requests more have been answered. */
    void awaitMore(int count) {
      long until = answers.get() + count;
      soon().until(() -> answers.get() >= until);
    }

    @Override
    public void close() {
      done.set(true);
      soon().until(() -> threads.stream().noneMatch(Thread::isAlive));
    }
  }
}
