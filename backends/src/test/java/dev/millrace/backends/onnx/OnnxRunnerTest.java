// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory and failures of a runner. */
class OnnxRunnerTest {
  @TempDir private Path folder;

  @Test
  void staysUsableAfterAFailedRun() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("lookup")
            .input("id", DataType.INT64, "n")
            .output("y", DataType.FP32, "n", 2)
            .initializer("table", new float[] {1, 2, 3, 4, 5, 6}, 3, 2)
            .node("Gather", List.of("table", "id"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      assertThat(model.signature().isBatched()).isTrue();
      assertThatThrownBy(() -> runner.run(List.of(id(0), id(5)), 2))
          .isInstanceOf(ModelRunException.class)
          .hasMessageContaining("indices element out of data bounds");
      OutputTensor output = runner.run(List.of(id(0), id(2)), 2)[0];
      assertThat(TestInputs.floatsOf(output)).containsExactly(1, 2, 5, 6);
    }
  }

  private static TestInputs id(long id) {
    return TestInputs.of(1, TestInputs.integers(DataType.INT64, new long[] {1}, id));
  }

  @Test
  void refusesInputsThatDoNotFillTheirShape() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.matmul(4, 2));
        Runner runner = model.newRunner()) {
      TestInputs tooShort = TestInputs.of(1, TestInputs.floatTensor(new long[] {1, 4}, 1, 2, 3));
      assertThatThrownBy(() -> runner.run(List.of(tooShort), 1))
          .isInstanceOf(ModelRunException.class)
          .hasMessage("input 'x': 12 bytes (expected 16)");
      assertThat(runner.run(List.of(TestInputs.floats(1, 4, 1, 2, 3, 4)), 1)).hasSize(1);
    }
  }

  @Test
  void refusesAnEmptyTensorWhereAnOperatorWouldTakeTheProcessDown() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("distinct")
            .input("x", DataType.FP32, "n", "w")
            .output("y", DataType.FP32, "k", "w")
            .node("Unique", List.of("x"), List.of("y"), OnnxGraphBuilder.Attribute.of("axis", 0L))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      TestInputs empty = TestInputs.of(1, TestInputs.floatTensor(new long[] {3, 0}));
      assertThatThrownBy(() -> runner.run(List.of(empty), 1))
          .isInstanceOf(ModelRunException.class)
          .hasMessage("input 'x' has shape [3,0]: the model's Unique cannot run without elements");
    }
  }

  @Test
  void makesNoTensorForAShapeItHasSeen() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.matmul(4, 2));
        OnnxRunner runner = (OnnxRunner) model.newRunner()) {
      runner.run(List.of(rows(100, 4)), 100); // the slabs are as large as they will get
      for (int round = 0; round < 100; round++) {
        for (int rows = 1; rows <= 10; rows++) {
          runner.run(List.of(rows(rows, 4)), rows);
        }
      }
      assertThat(runner.openTensors()).isEqualTo(11 * 2);
    }
  }

  @Test
  void servesARequestFarLargerThanABatchAndGivesItsMemoryBack() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.identity(DataType.FP32, "n", 1024));
        OnnxRunner runner = (OnnxRunner) model.newRunner()) {
      int rows = 20_000; // 80 MB
      OutputTensor output = runner.run(List.of(rows(rows, 1024)), rows)[0];
      assertThat(output.shape()).containsExactly(rows, 1024);
      assertThat(output.data().getFloat(output.byteLength() - 4)).isEqualTo(rows * 1024 - 1);
      assertThat(runner.slabBytes()).isGreaterThan(2 * Slab.KEPT);
      assertThat(TestInputs.floatsOf(runner.run(List.of(rows(1, 1024)), 1)[0])).hasSize(1024);
      assertThat(runner.slabBytes()).isLessThan(Slab.KEPT);
    }
  }

  @Test
  void keepsItsMemoryOverManyRunsOfVaryingShapes() throws Exception {
    byte[] graph = OnnxModels.unary("Neg", DataType.FP32, "n", "w");
    try (LoadedModel model = Loading.load(folder, graph);
        OnnxRunner runner = (OnnxRunner) model.newRunner()) {
      Random random = new Random(3);
      long before = 0;
      for (int i = 0; i < 10_000; i++) {
        int rows = 1 + random.nextInt(40);
        int width = 1 + random.nextInt(60);
        OutputTensor output = runner.run(List.of(rows(rows, width)), rows)[0];
        assertThat(output.data().getFloat(output.byteLength() - 4)).isEqualTo(-(rows * width - 1f));
        if (i == 2000) {
          before = residentBytes();
        }
      }
      assertThat(runner.openTensors()).isLessThanOrEqualTo(32);
      assertThat(residentBytes() - before).isLessThan(150L << 20);
    }
  }

  @Test
  void fallsBackWhereABoundOutputHasAnotherShapeThanItUsedToHave() throws Exception {
    for (byte[] graph :
        List.of(
            OnnxModels.identity(DataType.FP32, "n", 4),
            OnnxGraphBuilder.named("open")
                .input("x", DataType.FP32, "n", 4)
                .outputOfAnyRank("y", DataType.FP32)
                .node("Neg", List.of("x"), List.of("y"))
                .node("Abs", List.of("y"), List.of("unused"))
                .build())) {
      RunPlan wrong =
          new RunPlan(
              List.of(new TensorSpec("x", DataType.FP32, -1, 4)),
              List.of("x"),
              List.of(new TensorSpec("y", DataType.FP32, -1, -1)),
              true,
              8,
              true,
              Set.of(),
              List.of(new RunPlan.PinnedShape(new long[] {-1, 5})));
      try (OrtSession session = Ort.environment().createSession(graph);
          OnnxRunner runner =
              new OnnxRunner(session, Device.CPU, wrong, Optional.empty(), () -> {})) {
        for (int rows = 1; rows < 4; rows++) {
          OutputTensor output = runner.run(List.of(rows(rows, 4)), rows)[0];
          assertThat(output.shape()).containsExactly(rows, 4);
        }
      }
    }
  }

  @Test
  void refusesABatchWhoseRowsDoNotComeBackOneForOne() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("first row only")
            .input("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, "m", 4)
            .initializer("zero", new long[] {0}, 1)
            .node("Gather", List.of("x", "zero"), List.of("y"))
            .build();
    RunPlan wrong =
        new RunPlan(
            List.of(new TensorSpec("x", DataType.FP32, -1, 4)),
            List.of("x"),
            List.of(new TensorSpec("y", DataType.FP32, -1, 4)),
            true,
            8,
            true,
            Set.of(),
            List.of(RunPlan.PinnedShape.NONE));
    try (OrtSession session = Ort.environment().createSession(graph);
        OnnxRunner runner =
            new OnnxRunner(session, Device.CPU, wrong, Optional.empty(), () -> {})) {
      assertThatThrownBy(() -> runner.run(List.of(rows(1, 4), rows(1, 4)), 2))
          .isInstanceOf(ModelRunException.class)
          .hasMessage("output 'y' has shape [1,4] (expected 2 rows)");
    }
  }

  private static TestInputs rows(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return TestInputs.floats(rows, columns, values);
  }

  private static long residentBytes() throws Exception {
    Path statm = Path.of("/proc/self/statm");
    if (!Files.exists(statm)) {
      return 0;
    }
    return Long.parseLong(Files.readString(statm).split(" ", -1)[1]) * 4096;
  }
}
