// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every element type, every kind of shape, in and out. */
class OnnxValuesTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(value = DataType.class, names = "BYTES", mode = EnumSource.Mode.EXCLUDE)
  void handsEveryTypeThroughUnchanged(DataType type) throws Exception {
    long[] bits = {0, 1, type == DataType.BOOL ? 1 : -1, type == DataType.BOOL ? 0 : 1L << 7};
    try (LoadedModel model = Loading.load(folder, OnnxModels.identity(type, "n", 2));
        Runner runner = model.newRunner()) {
      assertThat(model.signature().inputs()).hasToString("[x " + type + "[-1,2]]");
      assertThat(model.signature().isBatched()).isTrue();
      TestInputs one =
          TestInputs.of(1, TestInputs.integers(type, new long[] {1, 2}, bits[0], bits[1]));
      TestInputs two =
          TestInputs.of(1, TestInputs.integers(type, new long[] {1, 2}, bits[2], bits[3]));
      OutputTensor output = runner.run(List.of(one, two), 2)[0];
      assertThat(output.dataType()).isEqualTo(type);
      assertThat(output.shape()).containsExactly(2, 2);
      byte[] sent = new byte[output.byteLength()];
      int end = one.input(0).copyTo(ByteBuffer.wrap(sent), 0);
      two.input(0).copyTo(ByteBuffer.wrap(sent), end);
      byte[] got = new byte[output.byteLength()];
      output.data().get(0, got);
      assertThat(got).isEqualTo(sent);
    }
  }

  @Test
  void computesWithUnsignedValuesAboveTheSignedRange() throws Exception {
    for (DataType type : List.of(DataType.UINT16, DataType.UINT32, DataType.UINT64)) {
      byte[] graph =
          OnnxGraphBuilder.named("unsigned")
              .input("x", type, "n")
              .output("real", DataType.FP64, "n")
              .output("again", type, "n")
              .node("Cast", List.of("x"), List.of("real"), Attribute.of("to", DataType.FP64))
              .node("Identity", List.of("x"), List.of("again"))
              .build();
      try (LoadedModel model = Loading.load(folder, graph);
          Runner runner = model.newRunner()) {
        assertThat(model.signature().inputs()).hasToString("[x " + type + "[-1]]");
        TestInputs request = TestInputs.of(2, TestInputs.integers(type, new long[] {2}, -1, 7));
        OutputTensor[] outputs = runner.run(List.of(request), 2);
        ByteBuffer reals = outputs[0].data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        double largest = Math.pow(2, type.byteSize() * 8) - (type == DataType.UINT64 ? 0 : 1);
        assertThat(reals.getDouble(0)).isEqualTo(largest);
        assertThat(reals.getDouble(8)).isEqualTo(7);
        assertThat(TestInputs.integersOf(outputs[1])).containsExactly(-1, 7);
        assertThat(outputs[1].dataType()).isEqualTo(type);
      }
    }
  }

  @Test
  void handsStringsThroughByteForByte() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.identity(DataType.BYTES, "n"));
        Runner runner = model.newRunner()) {
      String[] words = {"", "ä\nb", "😀", "nul\0nul", "x".repeat(100_000)};
      TestInputs one = TestInputs.of(2, TestInputs.strings(new long[] {2}, words[0], words[1]));
      TestInputs two =
          TestInputs.of(3, TestInputs.strings(new long[] {3}, words[2], words[3], words[4]));
      OutputTensor output = runner.run(List.of(one, two), 5)[0];
      assertThat(TestInputs.stringsOf(output)).containsExactly(words);
      assertThat(output.rowOffset(0)).isZero();
      assertThat(output.rowOffset(1)).isEqualTo(4);
      assertThat(output.rowOffset(5)).isEqualTo(output.byteLength());
      byte[] noUtf8 = {(byte) 0xff, (byte) 0xfe, 0};
      TensorView raw = TestInputs.byteStrings(new long[] {1}, noUtf8);
      ByteBuffer data = runner.run(List.of(TestInputs.of(1, raw)), 1)[0].data();
      assertThat(data.get(4)).isEqualTo((byte) 0xff);
      assertThat(data.limit()).isEqualTo(7);
    }
  }

  @Test
  void findsCharactersBeyondTheBasicPlaneInTheModelsVocabulary() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.wordNumbers("é", "😀", ""));
        Runner runner = model.newRunner()) {
      TensorView words = TestInputs.strings(new long[] {4, 1}, "😀", "é", "other", "");
      OutputTensor output = runner.run(List.of(TestInputs.of(4, words)), 4)[0];
      assertThat(TestInputs.integersOf(output)).containsExactly(2, 1, -1, 3);
    }
  }

  @Test
  void servesScalars() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("sum")
            .input("a", DataType.FP32)
            .input("b", DataType.FP32)
            .output("y", DataType.FP32)
            .node("Add", List.of("a", "b"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      TestInputs request =
          TestInputs.of(
              1, TestInputs.floatTensor(new long[0], 3), TestInputs.floatTensor(new long[0], 4));
      OutputTensor output = runner.run(List.of(request), 1)[0];
      assertThat(output.shape()).isEmpty();
      assertThat(TestInputs.floatsOf(output)).containsExactly(7);
    }
  }

  @Test
  void servesDimensionsOfSizeZero() throws Exception {
    try (LoadedModel model = Loading.load(folder, OnnxModels.identity(DataType.FP32, "n", "w"));
        Runner runner = model.newRunner()) {
      TestInputs request = TestInputs.of(2, TestInputs.floatTensor(new long[] {2, 0}));
      OutputTensor output = runner.run(List.of(request), 2)[0];
      assertThat(output.shape()).containsExactly(2, 0);
      assertThat(output.byteLength()).isZero();
      assertThat(output.rowOffset(2)).isZero();
    }
  }

  @Test
  void answersARequestWithoutRowsWhereOrtWouldTakeTheProcessDown() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("best two")
            .input("x", DataType.FP32, "n", "w")
            .output("y", DataType.FP32, "n", "k")
            .output("i", DataType.INT64, "n", "k")
            .initializer("k", new long[] {2}, 1)
            .node("TopK", List.of("x", "k"), List.of("y", "i"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      TestInputs none = TestInputs.of(0, TestInputs.floatTensor(new long[] {0, 5}));
      OutputTensor[] outputs = runner.run(List.of(none), 0);
      assertThat(outputs[0].shape()).containsExactly(0, 2);
      assertThat(outputs[1].shape()).containsExactly(0, 2);
      assertThat(outputs[1].byteLength()).isZero();
    }
  }

  @Test
  void servesInputsOfDifferentShapes() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("several")
            .input("a", DataType.FP32, "n", 2)
            .input("b", DataType.FP32, "n", 1)
            .input("c", DataType.FP32, "n", 2)
            .output("y", DataType.FP32, "n", 2)
            .node("Mul", List.of("a", "b"), List.of("ab"))
            .node("Add", List.of("ab", "c"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      OutputTensor output = runner.run(List.of(abc(1, 2, 10, 5, 6), abc(3, 4, 100, 7, 8)), 2)[0];
      assertThat(TestInputs.floatsOf(output)).containsExactly(15, 26, 307, 408);
    }
  }

  private static TestInputs abc(float a0, float a1, float b, float c0, float c1) {
    return TestInputs.of(
        1,
        TestInputs.floatTensor(new long[] {1, 2}, a0, a1),
        TestInputs.floatTensor(new long[] {1, 1}, b),
        TestInputs.floatTensor(new long[] {1, 2}, c0, c1));
  }

  @Test
  void servesAnInputThatIsAnOutputToo() throws Exception {
    byte[] graph =
        OnnxGraphBuilder.named("through")
            .input("x", DataType.FP32, "n", 2)
            .output("x", DataType.FP32, "n", 2)
            .output("y", DataType.FP32, "n", 2)
            .node("Neg", List.of("x"), List.of("y"))
            .build();
    try (LoadedModel model = Loading.load(folder, graph);
        Runner runner = model.newRunner()) {
      for (int i = 0; i < 3; i++) {
        OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 2, i + 1, 2)), 1);
        assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(i + 1, 2);
        assertThat(TestInputs.floatsOf(outputs[1])).containsExactly(-i - 1, -2);
      }
    }
  }

  @Test
  void servesTheScoresOfAZipMapUnderTheOutputsName() throws Exception {
    for (DataType key : List.of(DataType.INT64, DataType.BYTES)) {
      for (boolean defaultOpset : new boolean[] {true, false}) {
        byte[] graph = OnnxModels.zipMapClassifier(key, defaultOpset);
        try (LoadedModel model = Loading.load(folder, graph);
            Runner runner = model.newRunner()) {
          assertThat(model.signature().isBatched()).isTrue();
          assertThat(model.signature().outputs())
              .hasToString("[output_label " + key + "[-1], output_probability FP32[-1,-1]]");
          OutputTensor[] outputs =
              runner.run(
                  List.of(TestInputs.floats(1, 4, 1, 2, 3, 4), TestInputs.floats(1, 4, 0, 0, 0, 1)),
                  2);
          assertThat(outputs[1].shape()).containsExactly(2, 3);
          float[] scores = TestInputs.floatsOf(outputs[1]);
          assertThat(scores[0] + scores[1] + scores[2]).isCloseTo(1f, offset(1e-5f));
        }
      }
    }
  }
}
