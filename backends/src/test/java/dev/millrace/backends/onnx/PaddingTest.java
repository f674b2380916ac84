// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Padder;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models whose rows may be made longer, and models that only say so. */
final class PaddingTest {
  @TempDir private Path folder;

  @Test
  void rowsOfDifferentLengthShareARunAndGetTheirOwnAnswers() throws Exception {
    Padding padding = padding(List.of(4, 8), 0, Map.of("y", 1));
    try (LoadedModel model = Loading.load(folder, squared(), options(padding));
        Runner runner = model.newRunner()) {
      InputChecker checker = checker(model, padding);
      CheckedInputs three = checker.check(given(row(1, 2, 3)));
      CheckedInputs four = checker.check(given(row(4, 5, 6, 7)));
      CheckedInputs five = checker.check(given(row(8, 9, 10, 11, 12)));
      CheckedInputs nine = checker.check(given(row(1, 1, 1, 1, 1, 1, 1, 1, 1)));

      assertThat(three.shapeKey()).isEqualTo(four.shapeKey()).isNotEqualTo(five.shapeKey());
      assertThat(nine.cut().isNone()).isTrue();
      assertThat(three.rowSize()).isEqualTo(4);

      OutputTensor[] outputs = runner.run(List.of(inputs(three), inputs(four)), 2);

      OutputTensor[] first = three.cut().rows(outputs, 0, 1);
      assertThat(first[0].shape()).containsExactly(1, 3);
      assertThat(TestInputs.floatsOf(first[0])).containsExactly(1, 4, 9);
      assertThat(four.cut().isNone()).isTrue();
      assertThat(first[1].shape()).containsExactly(1, 1);
      assertThat(TestInputs.floatsOf(first[1])).containsExactly(14);
    }
  }

  @Test
  void aModelThatFeelsThePaddingIsNotLoaded() {
    assertThatThrownBy(
            () -> Loading.load(folder, squared(), options(padding(List.of(8), 3, Map.of("y", 1)))))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageStartingWith(
            "padding: output 's' of a row of 4 is another one when the row is made longer");
  }

  @Test
  void anOutputThatIsAsLongAsTheInputsHasToBeCut() {
    assertThatThrownBy(
            () -> Loading.load(folder, squared(), options(padding(List.of(8), 0, Map.of()))))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("output 'y' of a row of 4 is another one");
  }

  @Test
  void tensorsOfOneRequestHaveToBeEquallyLong() throws Exception {
    Padding padding =
        new Padding(List.of(8), Map.of("a", filler(0), "b", filler(0)), Map.of("y", 1));
    byte[] sum =
        OnnxGraphBuilder.named("sum")
            .input("a", DataType.FP32, "n", "t")
            .input("b", DataType.FP32, "n", "t")
            .output("y", DataType.FP32, "n", "t")
            .node("Add", List.of("a", "b"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, sum, options(padding))) {
      InputChecker checker = checker(model, padding);

      assertThatThrownBy(
              () -> checker.check(new Given(List.of("a", "b"), List.of(row(1, 2), row(1)))))
          .isInstanceOf(InferException.class)
          .hasMessage("input 'b': shape [1,1] (expected 2 on axis 1, as long as input 'a')");
    }
  }

  @Test
  void whatTheModelDoesNotHaveIsSaid() throws Exception {
    Padding padding =
        new Padding(
            List.of(8),
            Map.of("z", filler(0), "x", new Padding.Filler(2, BigDecimal.ONE)),
            Map.of());
    try (LoadedModel model = Loading.load(folder, squared())) {
      assertThat(padding.problems(model.signature()))
          .anySatisfy(p -> assertThat(p).startsWith("input 'z': not among"))
          .anySatisfy(p -> assertThat(p).startsWith("input 'x': axis 2 is no open one of"));
      assertThatThrownBy(() -> Padder.of(model.signature(), padding))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** y = x², as long as x, and s = the sum of that. */
  private static byte[] squared() {
    return OnnxGraphBuilder.named("squared")
        .input("x", DataType.FP32, "n", "t")
        .output("y", DataType.FP32, "n", "t")
        .output("s", DataType.FP32, "n", 1)
        .node("Mul", List.of("x", "x"), List.of("y"))
        .opset(17)
        .node(
            "ReduceSumSquare",
            List.of("x"),
            List.of("s"),
            OnnxGraphBuilder.Attribute.ints("axes", 1))
        .build();
  }

  private static Padding padding(List<Integer> sizes, int value, Map<String, Integer> outputs) {
    return new Padding(sizes, Map.of("x", filler(value)), outputs);
  }

  private static Padding.Filler filler(int value) {
    return new Padding.Filler(1, BigDecimal.valueOf(value));
  }

  private static ModelOptions options(Padding padding) {
    return new ModelOptions(
        OptionalInt.empty(), 1, List.of(), List.of(), Placement.AUTO, 0, Map.of(), padding);
  }

  private static InputChecker checker(LoadedModel model, Padding padding) {
    return new InputChecker("m", model.signature(), 64, Padder.of(model.signature(), padding));
  }

  private static TensorView row(float... values) {
    return TestInputs.floatTensor(new long[] {1, values.length}, values);
  }

  private static Given given(TensorView x) {
    return new Given(List.of("x"), List.of(x));
  }

  private static ModelInputs inputs(CheckedInputs checked) {
    return TestInputs.of(checked.rows(), checked.tensors());
  }

  private record Given(List<String> names, List<TensorView> tensors) implements InputChecker.Given {
    @Override
    public int count() {
      return names.size();
    }

    @Override
    public String name(int index) {
      return names.get(index);
    }

    @Override
    public TensorView tensor(int index) {
      return tensors.get(index);
    }
  }
}
