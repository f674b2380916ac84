// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whose sessions are whose. They run on the processor, whatever they were made for. */
final class OnnxModelTest {
  private static final byte[] GRAPH = OnnxModels.identity(DataType.FP32, "n", 2);
  private static final List<TensorSpec> INPUTS = List.of(new TensorSpec("x", DataType.FP32, -1, 2));
  private static final List<TensorSpec> OUTPUTS =
      List.of(new TensorSpec("y", DataType.FP32, -1, 2));
  private static final RunPlan PLAN =
      new RunPlan(
          INPUTS,
          List.of("x"),
          OUTPUTS,
          true,
          8,
          true,
          Set.of(),
          List.of(new RunPlan.PinnedShape(new long[] {-1, 2})));
  private static final Captures CAPTURES =
      new Captures(
          FakeCuda.failing(719, "unspecified launch failure"),
          new CaptureTrial(new Sample.Whole(List.of()), List.of()));

  /** Sessions that are open, and whether each was made for graphs. */
  private static final class Sessions implements ModelSessions {
    private final List<OrtSession> open = new ArrayList<>();
    private final List<Boolean> madeForGraphs = new ArrayList<>();
    private String refusal = "";
    private boolean failsToClose;

    @Override
    public OrtSession open(boolean graphs) throws OrtException {
      if (!refusal.isEmpty()) {
        throw new OrtException(refusal);
      }
      OrtSession session = Ort.environment().createSession(GRAPH);
      open.add(session);
      madeForGraphs.add(graphs);
      return session;
    }

    @Override
    public void close(OrtSession session) {
      assertThat(open.remove(session)).as("was open").isTrue();
      try {
        session.close();
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
      if (failsToClose) {
        throw new IllegalStateException("told to fail");
      }
    }
  }

  private final Sessions sessions = new Sessions();

  private OnnxModel model(Device device, Optional<Captures> captures) throws OrtException {
    return new OnnxModel(
        sessions.open(captures.isPresent()),
        sessions,
        device,
        new ModelSignature(INPUTS, OUTPUTS, new ModelSignature.Batching.Batched(8)),
        PLAN,
        captures);
  }

  private static void answers(Runner runner) throws ModelRunException {
    assertThat(TestInputs.floatsOf(runner.run(List.of(TestInputs.floats(1, 2, 3, 4)), 1)[0]))
        .containsExactly(3, 4);
  }

  @Test
  void allRunnersShareOneSessionWhichIsTheModels() throws Exception {
    try (OnnxModel model = model(Device.CPU, Optional.empty())) {
      try (Runner one = model.newRunner();
          Runner another = model.newRunner();
          Runner beside = model.newUnattachedRunner()) {
        answers(one);
        answers(another);
        answers(beside);
        assertThat(sessions.open).hasSize(1);
      }
      assertThat(sessions.open).hasSize(1);
    }
    assertThat(sessions.open).isEmpty();
  }

  @Test
  void aSessionThatMayHaveGraphsIsClosedWithItsRunnerAndNotUsedAgain() throws Exception {
    try (OnnxModel model = model(Device.CPU, Optional.of(CAPTURES))) {
      OrtSession first = sessions.open.getFirst();
      Runner one = model.newRunner();
      assertThat(sessions.open).containsExactly(first);
      one.close();
      assertThat(sessions.open).isEmpty();

      try (Runner two = model.newRunner();
          Runner three = model.newRunner()) {
        answers(two);
        answers(three);
        assertThat(sessions.open).hasSize(2).doesNotContain(first);
      }
      assertThat(sessions.open).isEmpty();
    }
    assertThat(sessions.open).isEmpty();
    assertThat(sessions.madeForGraphs).containsExactly(true, true, true);
  }

  @Test
  void theFirstSessionIsClosedWithAModelThatHadNoRunner() throws Exception {
    model(Device.CPU, Optional.of(CAPTURES)).close();
    assertThat(sessions.open).isEmpty();
  }

  @Test
  void aRunnerThatIsNeverAttachedHasASessionThatIsNotMadeForGraphs() throws Exception {
    try (OnnxModel model = model(Device.CPU, Optional.of(CAPTURES));
        Runner replica = model.newRunner();
        Runner beside = model.newUnattachedRunner()) {
      answers(replica);
      answers(beside);
      assertThat(sessions.madeForGraphs).containsExactly(true, false);
    }
    assertThat(sessions.open).isEmpty();
  }

  @Test
  void aSessionThatCannotBeOpenedLeavesNothingOpen() throws Exception {
    try (OnnxModel model = model(Device.CPU, Optional.of(CAPTURES));
        Runner replica = model.newRunner()) {
      answers(replica);
      sessions.refusal = "CUDA failure 2: out of memory";
      assertThatThrownBy(model::newRunner)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("CUDA failure 2: out of memory");
    }
    assertThat(sessions.open).as("the model could be closed").isEmpty();
  }

  @Test
  void aSessionThatFailsToCloseDoesNotKeepTheModelOpen() throws Exception {
    OnnxModel model = model(Device.CPU, Optional.of(CAPTURES));
    Runner runner = model.newRunner();
    sessions.failsToClose = true;

    assertThatThrownBy(runner::close).hasMessage("told to fail");

    model.close();
    assertThatThrownBy(model::newRunner).hasMessage("the model is closed");
  }

  @Test
  void aDeviceThatIsLostWhileRunsAreCapturedIsToldAndTheRunnerGoesWithout() throws Exception {
    try (OnnxModel model = model(Device.gpu(0), Optional.of(CAPTURES));
        Runner runner = model.newRunner()) {
      assertThatThrownBy(runner::attach)
          .isInstanceOfSatisfying(
              ModelRunException.class,
              e -> {
                assertThat(e.fault()).isEqualTo(DeviceFault.DEVICE_LOST);
                assertThat(e.device()).isEqualTo(Device.gpu(0));
              })
          .hasMessageContaining("CUDA failure 719: unspecified launch failure");
      answers(runner);
    }
  }

  @Test
  void anyOtherFailureLeavesTheRunnerWithoutGraphs() throws Exception {
    Captures full = new Captures(FakeCuda.failing(2, "out of memory"), CAPTURES.trial());
    try (OnnxModel model = model(Device.gpu(0), Optional.of(full));
        Runner runner = model.newRunner()) {
      runner.attach();
      answers(runner);
    }
  }
}
