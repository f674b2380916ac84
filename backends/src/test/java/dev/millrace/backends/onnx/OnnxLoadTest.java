// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be loaded, and what is said of what cannot. */
class OnnxLoadTest {
  @TempDir private Path folder;

  @Test
  void saysWhatAFileIsThatIsNoModel() {
    assertThat(refusal(new byte[0])).isEqualTo("not an ONNX model: the file is empty");
    assertThat(
            refusal("version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo(
            "not an ONNX model: it is text, beginning with 'version https://git-lfs.github.com/spec/'");
    assertThat(refusal(new byte[] {8, 7, 18, 1, 'x'})).contains("no graph");
    assertThat(refusal(new byte[100])).contains("not an ONNX model");
  }

  @Test
  void survivesAFileCutShortAnywhere() {
    byte[] model = OnnxModels.mlp(4, 8, 2);
    for (int length = 1; length < model.length - 16; length += 7) {
      assertThat(refusal(Arrays.copyOf(model, length))).isNotBlank();
    }
    assertThat(refusal(Arrays.copyOf(model, 100))).contains("cut short");
  }

  @Test
  void survivesAnyByteChanged() {
    byte[] model = OnnxModels.zipMapClassifier(DataType.INT64, true);
    for (int i = 0; i < model.length; i += 3) {
      byte[] changed = model.clone();
      changed[i] ^= 0x55;
      try {
        Loading.load(folder, changed).close();
      } catch (ModelLoadException e) {
        assertThat(e).hasMessageMatching("(?s).+");
      }
    }
  }

  @Test
  void saysThatAFileIsMissing() {
    ModelArtifact missing = new ModelArtifact("test", 1, folder.resolve("none.onnx"));
    assertThatThrownBy(() -> new OnnxBackend().load(missing, ModelOptions.DEFAULT))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("none.onnx");
  }

  @Test
  void keepsOrtsWordsOnAnOperatorSetOrOperatorItDoesNotKnow() {
    byte[] opset =
        OnnxGraphBuilder.named("future")
            .opset(99)
            .input("x", DataType.FP32, "n")
            .output("y", DataType.FP32, "n")
            .node("Neg", List.of("x"), List.of("y"))
            .build();
    assertThat(refusal(opset)).contains("Opset 99 is under development");
    assertThat(refusal(OnnxModels.unary("NoSuchOperator", DataType.FP32, "n")))
        .contains("NoSuchOperator");
  }

  @Test
  void refusesWhatIsNoTensorAndSaysHowToExportIt() {
    byte[] sequence =
        OnnxGraphBuilder.named("sequence")
            .input("x", DataType.FP32, "n")
            .outputOfSequence("parts")
            .node("SequenceConstruct", List.of("x"), List.of("parts"))
            .build();
    assertThat(refusal(sequence))
        .contains("output 'parts' is a sequence (expected a tensor)", "zipmap");
    byte[] float8 =
        OnnxGraphBuilder.named("float8")
            .inputOfType("x", 17, "n")
            .output("y", DataType.FP32, "n")
            .node("Cast", List.of("x"), List.of("y"), Attribute.of("to", DataType.FP32))
            .build();
    assertThat(refusal(float8)).contains("input 'x' has element type float8e4m3fn");
  }

  @Test
  void leavesInitialisersOutOfTheInputsAsOldModelsListThem() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("old")
            .irVersion(3)
            .opset(8)
            .input("w", DataType.FP32, 2, 1)
            .input("x", DataType.FP32, "n", 2)
            .output("y", DataType.FP32, "n", 1)
            .initializer("w", new float[] {1, 10}, 2, 1)
            .node("MatMul", List.of("x", "w"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph)) {
      assertThat(model.signature().inputs()).hasToString("[x FP32[-1,2]]");
      assertThat(answer(model, 3, 4)).containsExactly(43);
    }
  }

  @Test
  void keepsOddNames() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("odd")
            .input("a:0", DataType.FP32, "n", 2)
            .output("b/c", DataType.FP32, "n", 2)
            .output("1", DataType.FP32, "n", 2)
            .node("Neg", List.of("a:0"), List.of("b/c"))
            .node("Abs", List.of("b/c"), List.of("1"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph)) {
      assertThat(model.signature().inputs()).hasToString("[a:0 FP32[-1,2]]");
      assertThat(model.signature().outputs()).hasToString("[b/c FP32[-1,2], 1 FP32[-1,2]]");
      assertThat(answer(model, 3, 4)).containsExactly(-3, -4);
    }
  }

  @Test
  void takesTheTypeOfAnOutputFromOrtWhereTheGraphHasNone() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("untyped")
            .input("x", DataType.FP32, "n", 2)
            .outputWithoutType("y")
            .node("Neg", List.of("x"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph)) {
      assertThat(model.signature().outputs().get(0).dataType()).isEqualTo(DataType.FP32);
      assertThat(answer(model, 3, 4)).containsExactly(-3, -4);
    }
  }

  @Test
  void findsExternalDataBesideTheModel() throws Exception {
    writeWeights("0f9a.data", 0, 0, 2, 3);
    byte[] plain =
        OnnxGraphBuilder.named("external")
            .input("x", DataType.FP32, "n", 2)
            .output("y", DataType.FP32, "n", 1)
            .externalInitializer("w", "0f9a.data", 8, 8, 2, 1)
            .node("MatMul", List.of("x", "w"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, plain)) {
      assertThat(answer(model, 10, 100)).containsExactly(320);
    }
    assertThat(OnnxGraph.read(MemorySegment.ofArray(plain)).hints().externalFiles())
        .containsExactly("0f9a.data");
    byte[] edited =
        OnnxGraphBuilder.named("external and unsigned")
            .input("x", DataType.UINT32, "n", 2)
            .output("y", DataType.FP32, "n", 1)
            .externalInitializer("w", "0f9a.data", 8, 8, 2, 1)
            .node("Cast", List.of("x"), List.of("xf"), Attribute.of("to", DataType.FP32))
            .node("MatMul", List.of("xf", "w"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, edited);
        Runner runner = model.newRunner()) {
      TestInputs request =
          TestInputs.of(1, TestInputs.integers(DataType.UINT32, new long[] {1, 2}, 1, 4));
      OutputTensor output = runner.run(List.of(request), 1)[0];
      assertThat(TestInputs.floatsOf(output)).containsExactly(14);
    }
  }

  @Test
  void saysThatExternalDataIsMissing() {
    byte[] graph =
        OnnxGraphBuilder.named("external")
            .input("x", DataType.FP32, "n", 2)
            .output("y", DataType.FP32, "n", 1)
            .externalInitializer("w", "gone.data", 0, 8, 2, 1)
            .node("MatMul", List.of("x", "w"), List.of("y"))
            .build();
    assertThat(refusal(graph)).contains("gone.data");
  }

  @Test
  void namesTheNearestOfAnUnknownOption() {
    assertThat(refusal(OnnxModels.matmul(2, 1), engine("enable_mem_patern", "true")))
        .isEqualTo("unknown option 'enable_mem_patern' (did you mean 'enable_mem_pattern'?)");
    assertThat(refusal(OnnxModels.matmul(2, 1), engine("graph_optimization_level", "most")))
        .isEqualTo(
            "graph_optimization_level: 'most' (expected one of [all, basic, extended, none])");
    assertThat(refusal(OnnxModels.matmul(2, 1), engine("inter_op_threads", "0")))
        .isEqualTo("inter_op_threads: '0' (expected 1..1024)");
  }

  @Test
  void takesEveryOptionItKnows() throws Exception {
    Map<String, String> options =
        Map.of(
            "graph_optimization_level", "basic",
            "execution_mode", "parallel",
            "inter_op_threads", "2",
            "enable_mem_arena", "false",
            "enable_mem_pattern", "0",
            "allow_spinning", "true",
            "session.set_denormal_as_zero", "1");
    try (LoadedModel model =
        Loading.load(
            folder, OnnxModels.identity(DataType.FP32, "n", 2), TestInputs.options(options))) {
      assertThat(answer(model, 3, 4)).containsExactly(3, 4);
    }
  }

  @Test
  void refusesAConfigurationThatContradictsTheGraph() {
    byte[] graph = OnnxModels.matmul(4, 2);
    assertThat(refusal(graph, declared(new TensorSpec("z", DataType.FP32, -1, 4))))
        .isEqualTo(
            "input 'z' is configured, but the model has none of that name (expected one of [x])");
    assertThat(refusal(graph, declared(new TensorSpec("x", DataType.FP64, -1, 4))))
        .isEqualTo("input 'x' is configured as x FP64[-1,4] (expected x FP32[-1,4])");
    assertThat(refusal(graph, declared(new TensorSpec("x", DataType.FP32, -1, 5))))
        .isEqualTo("input 'x' is configured as x FP32[-1,5] (expected x FP32[-1,4])");
    assertThat(refusal(graph, declared(new TensorSpec("x", DataType.FP32, -1, 4, 1))))
        .contains("expected x FP32[-1,4]");
    ModelOptions outputs =
        new ModelOptions(
            OptionalInt.empty(),
            1,
            List.of(),
            List.of(new TensorSpec("y", DataType.FP32, -1, 3)),
            Map.of());
    assertThat(refusal(graph, outputs))
        .isEqualTo("output 'y' is configured as y FP32[-1,3] (expected y FP32[-1,2])");
  }

  @Test
  void takesSizesFromTheConfigurationThatTheGraphLeavesOpen() throws Exception {
    byte[] graph = OnnxModels.identity(DataType.FP32, "n", "width");
    try (LoadedModel model =
        Loading.load(folder, graph, declared(new TensorSpec("x", DataType.FP32, -1, 6)))) {
      assertThat(model.signature().inputs()).hasToString("[x FP32[-1,6]]");
      assertThat(model.signature().isBatched()).isTrue();
    }
  }

  private static ModelOptions declared(TensorSpec input) {
    return new ModelOptions(OptionalInt.empty(), 1, List.of(input), List.of(), Map.of());
  }

  private static ModelOptions engine(String key, String value) {
    return TestInputs.options(Map.of(key, value));
  }

  private float[] answer(LoadedModel model, float... row) throws Exception {
    try (Runner runner = model.newRunner()) {
      return TestInputs.floatsOf(runner.run(List.of(TestInputs.floats(1, row.length, row)), 1)[0]);
    }
  }

  private void writeWeights(String name, float... values) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    Files.write(folder.resolve(name), bytes.array());
  }

  private String refusal(byte[] model) {
    return refusal(model, ModelOptions.DEFAULT);
  }

  private String refusal(byte[] model, ModelOptions options) {
    try (LoadedModel loaded = Loading.load(folder, model, options)) {
      return "loaded: " + loaded.signature();
    } catch (ModelLoadException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
