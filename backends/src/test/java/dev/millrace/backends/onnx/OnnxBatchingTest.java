// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelSignature.Batching;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.tensor.DataType;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way we know in which a graph looks as if it could be batched, and whether it can. */
class OnnxBatchingTest {
  private static final String BATCHED = "batched";

  @TempDir private Path folder;

  @Test
  void batchesWhatTreatsItsRowsAlike() throws Exception {
    assertThat(verdict(OnnxModels.mlp(16, 64, 64, 4))).isEqualTo(BATCHED);
    assertThat(verdict(OnnxModels.matmul(4, 3))).isEqualTo(BATCHED);
    assertThat(verdict(OnnxModels.cumsum(1))).isEqualTo(BATCHED);
    assertThat(verdict(OnnxModels.identity(DataType.FP32, "n"))).isEqualTo(BATCHED);
    assertThat(verdict(OnnxModels.identity(DataType.FP32, -1, -1, -1))).isEqualTo(BATCHED);
    assertThat(verdict(OnnxModels.wordNumbers("cat", "dog"))).isEqualTo(BATCHED);
  }

  @Test
  void doesNotBatchASumAlongTheBatch() throws Exception {
    assertThat(verdict(OnnxModels.cumsum(0))).contains("'y'", "depend on the rows beside it");
  }

  @Test
  void doesNotBatchAMeanOverTheBatch() throws Exception {
    assertThat(verdict(meanOverRows("mean", -1)))
        .isEqualTo(
            "output 'mean' has shape [1,4] for 2 row(s) of input (expected 2 on its first axis)");
  }

  @Test
  void doesNotBatchRowsFromWhichTheBatchesMeanIsTaken() throws Exception {
    byte[] model =
        rows4("Centred")
            .node("ReduceMean", List.of("x"), List.of("mean"), Attribute.ints("axes", 0))
            .node("Sub", List.of("x", "mean"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchASortOfTheRows() throws Exception {
    byte[] model =
        rows4("Sorted")
            .initializer("first", new long[] {0}, 1)
            .node("Shape", List.of("x"), List.of("shape"))
            .node("Gather", List.of("shape", "first"), List.of("count"))
            .node("TopK", List.of("x", "count"), List.of("y", "i"), Attribute.of("axis", 0L))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchTheBestRows() throws Exception {
    byte[] model =
        rows4("Best")
            .initializer("k", new long[] {1}, 1)
            .node("TopK", List.of("x", "k"), List.of("y", "i"), Attribute.of("axis", 0L))
            .build();
    assertThat(verdict(model)).contains("shape [1,4] for 2 row(s)");
  }

  @Test
  void doesNotBatchASoftmaxOverTheRows() throws Exception {
    byte[] model =
        rows4("Softmax")
            .node("Softmax", List.of("x"), List.of("y"), Attribute.of("axis", 0L))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchWhereOneRowOverAThresholdChangesAll() throws Exception {
    assertThat(verdict(gate(100f))).contains("depend on the rows beside it");
  }

  @Test
  void findsAThresholdThatHardlyAnyValueIsOver() throws Exception {
    assertThat(verdict(gate(3e7f))).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchWhereOneNanSpoilsAll() throws Exception {
    byte[] model =
        rows4("Nan")
            .initializer("one", new float[] {1})
            .node("IsNaN", List.of("x"), List.of("nan"))
            .node("Cast", List.of("nan"), List.of("flags"), Attribute.of("to", DataType.FP32))
            .node("ReduceMax", List.of("flags"), List.of("any"), Attribute.of("keepdims", 0L))
            .node("Sub", List.of("one", "any"), List.of("keep"))
            .node("Mul", List.of("x", "keep"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchDynamicQuantisation() throws Exception {
    byte[] model =
        rows4("Quantised")
            .node("DynamicQuantizeLinear", List.of("x"), List.of("q", "scale", "zero"))
            .node("DequantizeLinear", List.of("q", "scale", "zero"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchRandomAnswers() throws Exception {
    byte[] model = rows4("Random").node("RandomNormalLike", List.of("x"), List.of("y")).build();
    assertThat(verdict(model)).isEqualTo("it answers differently each time");
  }

  @Test
  void doesNotBatchAStateWhoseRowsAreOnAnotherAxis() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("state")
            .input("x", DataType.FP32, "n", 3)
            .input("state", DataType.FP32, 1, "n", 3)
            .output("y", DataType.FP32, 1, "n", 3)
            .node("Add", List.of("x", "state"), List.of("y"))
            .build();
    assertThat(verdict(model)).isEqualTo("input 'state' has a fixed first axis of 1");
  }

  @Test
  void doesNotBatchAnOutputWhoseRowsAreOnAnotherAxis() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("transposed")
            .input("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, 4, "n")
            .node("Transpose", List.of("x"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("shape [4,1] for 1 row(s)");
  }

  @Test
  void doesNotBatchASideInputWithoutRows() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("scaled")
            .input("x", DataType.FP32, "n", 4)
            .input("factor", DataType.FP32)
            .output("y", DataType.FP32, "n", 4)
            .node("Mul", List.of("x", "factor"), List.of("y"))
            .build();
    assertThat(verdict(model)).isEqualTo("input 'factor' is a scalar");
  }

  @Test
  void doesNotBatchInputsThatHaveRowsOfTheirOwn() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("two")
            .input("a", DataType.FP32, "n", 4)
            .input("b", DataType.FP32, "m", 4)
            .output("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, "m", 4)
            .node("Neg", List.of("a"), List.of("x"))
            .node("Neg", List.of("b"), List.of("y"))
            .build();
    assertThat(verdict(model)).isEqualTo("inputs 'a' and 'b' may have different numbers of rows");
  }

  @Test
  void batchesInputsWhoseRowsGoTogetherUnderOtherNames() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("pair")
            .input("a", DataType.FP32, "unk__40", 4)
            .input("b", DataType.FP32, "unk__41", 2)
            .output("y", DataType.FP32, "unk__42", 6)
            .node("Concat", List.of("a", "b"), List.of("y"), Attribute.of("axis", 1L))
            .build();
    assertThat(verdict(model)).isEqualTo(BATCHED);
  }

  @Test
  void doesNotBatchLinesOfAnImageThatBelongTogether() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("image")
            .input("x", DataType.FP32, "h", "w", 3)
            .output("y", DataType.FP32, "h", "w", 3)
            .node("ReduceMean", List.of("x"), List.of("mean"))
            .node("Sub", List.of("x", "mean"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("depend on the rows beside it");
  }

  @Test
  void doesNotBatchASquareMatrix() throws Exception {
    assertThat(verdict(OnnxModels.identity(DataType.FP32, "n", "n")))
        .isEqualTo("input 'x' has 'n' on axis 1, which is a first axis too");
  }

  @Test
  void doesNotBatchAFixedBatch() throws Exception {
    assertThat(verdict(OnnxModels.identity(DataType.FP32, 4, 3)))
        .isEqualTo("input 'x' has a fixed first axis of 4");
  }

  @Test
  void doesNotBatchAnOpenRankOrNoInputAtAll() throws Exception {
    byte[] open =
        OnnxGraphBuilder.named("open")
            .inputOfAnyRank("x", DataType.FP32)
            .outputOfAnyRank("y", DataType.FP32)
            .node("Neg", List.of("x"), List.of("y"))
            .build();
    assertThat(verdict(open)).isEqualTo("input 'x' has an open rank");
    byte[] constant =
        OnnxGraphBuilder.named("constant")
            .output("y", DataType.FP32, 1)
            .initializer("c", new float[] {1}, 1)
            .node("Identity", List.of("c"), List.of("y"))
            .build();
    assertThat(verdict(constant)).isEqualTo("it has no inputs");
  }

  @Test
  void doesNotBatchWhereAWordOfTheGraphMakesARowVanish() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("stop words")
            .input("x", DataType.BYTES, "n")
            .output("y", DataType.BYTES, "n")
            .node(
                "StringNormalizer",
                List.of("x"),
                List.of("y"),
                Attribute.strings("stopwords", "obscure", "seldom"),
                Attribute.of("is_case_sensitive", 1L))
            .build();
    assertThat(verdict(model)).contains("output 'y' has shape");
  }

  @Test
  void doesNotBatchWhatRunsOnlyAFewRows() throws Exception {
    byte[] model =
        rows4("Padded")
            .initializer("table", OnnxModels.randomFloats(1, 24), 6, 4)
            .initializer("zero", new long[] {0}, 1)
            .node("Shape", List.of("x"), List.of("shape"))
            .node("Gather", List.of("shape", "zero"), List.of("count"))
            .node("Sub", List.of("count", "one1"), List.of("last"))
            .node("Gather", List.of("table", "last"), List.of("unused"))
            .initializer("one1", new long[] {1}, 1)
            .initializer("none", new float[] {0})
            .node("Mul", List.of("unused", "none"), List.of("nothing"))
            .node("Add", List.of("x", "nothing"), List.of("y"))
            .build();
    assertThat(verdict(model)).contains("8 rows do not run");
  }

  @Test
  void servesAWronglyDeclaredLabelWithItsRealShape() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("lightgbm")
            .input("x", DataType.FP32, "n", 4)
            .output("label", DataType.INT64, 1)
            .node(
                "ArgMax",
                List.of("x"),
                List.of("label"),
                Attribute.of("axis", 1L),
                Attribute.of("keepdims", 0L))
            .build();
    try (LoadedModel loaded = Loading.load(folder, model);
        Runner runner = loaded.newRunner()) {
      assertThat(loaded.signature().outputs()).hasToString("[label INT64[-1]]");
      OutputTensor[] outputs =
          runner.run(
              List.of(
                  TestInputs.floats(1, 4, 0, 1, 0, 0),
                  TestInputs.floats(2, 4, 1, 0, 0, 0, 0, 0, 0, 1)),
              3);
      assertThat(outputs[0].shape()).containsExactly(3);
      assertThat(TestInputs.integersOf(outputs[0])).containsExactly(1, 0, 3);
    }
  }

  @Test
  void triesOpenSizesUntilTheModelRuns() throws Exception {
    byte[] model =
        OnnxGraphBuilder.named("open width")
            .input("x", DataType.FP32, "n", "width")
            .output("y", DataType.FP32, "n", 3)
            .initializer("w", OnnxModels.randomFloats(5, 117 * 3), 117, 3)
            .node("MatMul", List.of("x", "w"), List.of("y"))
            .build();
    assertThat(verdict(model)).isEqualTo(BATCHED);
  }

  @Test
  void refusesAConfiguredBatchSizeThatWouldGiveWrongAnswers() {
    assertThatThrownBy(
            () -> Loading.load(folder, OnnxModels.cumsum(0), TestInputs.options(8)).close())
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("max batch size 8 is configured")
        .hasMessageContaining("depend on the rows beside it");
  }

  @Test
  void servesOneRequestAtATimeIfConfiguredSo() throws Exception {
    try (LoadedModel loaded =
        Loading.load(folder, OnnxModels.matmul(4, 2), TestInputs.options(0))) {
      assertThat(loaded.signature().batching()).isEqualTo(new Batching.Unbatched("configured"));
    }
  }

  @Test
  void unbatchedModelsAnswerWhatOrtAnswers() throws Exception {
    try (LoadedModel loaded = Loading.load(folder, meanOverRows("y", 1));
        Runner runner = loaded.newRunner()) {
      OutputTensor[] outputs =
          runner.run(List.of(TestInputs.floats(3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 4, 2, 3, 4)), 1);
      assertThat(outputs[0].shape()).containsExactly(1, 4);
      assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(2, 2, 3, 4);
    }
  }

  private static OnnxGraphBuilder rows4(String name) {
    return OnnxGraphBuilder.named(name)
        .input("x", DataType.FP32, "n", 4)
        .output("y", DataType.FP32, "n", 4);
  }

  private static byte[] meanOverRows(String output, int declaredRows) {
    return OnnxGraphBuilder.named("mean")
        .input("x", DataType.FP32, "n", 4)
        .output(output, DataType.FP32, declaredRows, 4)
        .node("ReduceMean", List.of("x"), List.of(output), Attribute.ints("axes", 0))
        .build();
  }

  /** Zero for all rows as soon as any value is over the threshold. */
  private static byte[] gate(float threshold) {
    return rows4("Gate")
        .initializer("threshold", new float[] {threshold})
        .initializer("one", new float[] {1})
        .node("Greater", List.of("x", "threshold"), List.of("over"))
        .node("Cast", List.of("over"), List.of("flags"), Attribute.of("to", DataType.FP32))
        .node("ReduceMax", List.of("flags"), List.of("any"), Attribute.of("keepdims", 0L))
        .node("Sub", List.of("one", "any"), List.of("keep"))
        .node("Mul", List.of("x", "keep"), List.of("y"))
        .build();
  }

  private String verdict(byte[] model) throws ModelLoadException {
    try (LoadedModel loaded = Loading.load(folder, model)) {
      return loaded.signature().batching() instanceof Batching.Unbatched unbatched
          ? unbatched.reason()
          : BATCHED;
    }
  }
}
