// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run of as many steps as its input says. */
@Timeout(30)
class TerminationTest {
  /** Minutes, if nobody ended it. */
  private static final long MANY_TRIPS = 1L << 40;

  private OrtSession session;

  @BeforeEach
  void open() throws Exception {
    session = Ort.environment().createSession(OnnxModels.counting());
  }

  @AfterEach
  void close() throws Exception {
    session.close();
  }

  private Runner runner(boolean pinned) {
    RunPlan plan =
        new RunPlan(
            List.of(new TensorSpec("x", DataType.FP32, 4), new TensorSpec("trips", DataType.INT64)),
            List.of("x", "trips"),
            List.of(new TensorSpec("y", DataType.FP32, 4)),
            false,
            1,
            true,
            Set.of(),
            List.of(pinned ? new RunPlan.PinnedShape(new long[] {4}) : RunPlan.PinnedShape.NONE));
    return new OnnxRunner(session, Device.CPU, plan, Optional.empty(), () -> {});
  }

  private static List<TestInputs> trips(long trips) {
    return List.of(
        TestInputs.of(
            1,
            TestInputs.floatTensor(new long[] {4}, 1, 2, 3, 4),
            TestInputs.integers(DataType.INT64, new long[0], trips)));
  }

  /** Begins a run that does not end by itself. */
  private static CompletableFuture<OutputTensor[]> begin(Runner runner) {
    CompletableFuture<OutputTensor[]> run = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                run.complete(runner.run(trips(MANY_TRIPS), 1));
              } catch (ModelRunException | RuntimeException e) {
                run.completeExceptionally(e);
              }
            });
    assertThatThrownBy(() -> run.get(100, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    return run;
  }

  private static void assertTerminated(CompletableFuture<OutputTensor[]> run) {
    assertThatThrownBy(() -> run.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            ModelRunException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(Failure.Kind.ENGINE);
              assertThat(e).hasMessage("the run was terminated");
            });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void endsALongRunAndTheNextOneIsAsAnyOther(boolean pinned) throws Exception {
    try (Runner runner = runner(pinned)) {
      for (int i = 0; i < 3; i++) {
        CompletableFuture<OutputTensor[]> run = begin(runner);

        runner.terminate();

        assertTerminated(run);
        assertThat(TestInputs.floatsOf(runner.run(trips(100), 1)[0]))
            .containsExactly(101, 102, 103, 104);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void doesNotTouchTheRunsOfAnotherRunnerOfTheSession(boolean pinned) throws Exception {
    try (Runner runner = runner(pinned);
        Runner other = runner(pinned)) {
      CompletableFuture<OutputTensor[]> run = begin(runner);
      CompletableFuture<OutputTensor[]> otherRun = begin(other);

      runner.terminate();

      assertTerminated(run);
      assertThat(otherRun).isNotDone();
      other.terminate();
      assertTerminated(otherRun);
    }
  }
}
