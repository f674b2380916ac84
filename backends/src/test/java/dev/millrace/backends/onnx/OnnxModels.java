// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.tensor.DataType;
import java.util.List;
import java.util.Random;

/** Ready-made small models. Their weights are always the same. */
public final class OnnxModels {
  private OnnxModels() {}

  /** {@code y = x}. */
  public static byte[] identity(DataType type, Object... dims) {
    return unary("Identity", type, dims);
  }

  /** {@code y = op(x)} with x and y of the same type and shape. */
  public static byte[] unary(String opType, DataType type, Object... dims) {
    return OnnxGraphBuilder.named(opType)
        .input("x", type, dims)
        .output("y", type, dims)
        .node(opType, List.of("x"), List.of("y"))
        .build();
  }

  /** {@code y = x * weights} with x [n, rows of weights] and random weights. */
  public static byte[] matmul(int inputs, int outputs) {
    return OnnxGraphBuilder.named("matmul")
        .input("x", DataType.FP32, "n", inputs)
        .output("y", DataType.FP32, "n", outputs)
        .initializer("w", randomFloats(7, inputs * outputs), inputs, outputs)
        .node("MatMul", List.of("x", "w"), List.of("y"))
        .build();
  }

  /** A multi-layer perceptron with ReLU between its layers; x [n, sizes[0]], y [n, last size]. */
  public static byte[] mlp(int... sizes) {
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("mlp")
            .input("x", DataType.FP32, "n", sizes[0])
            .output("y", DataType.FP32, "n", sizes[sizes.length - 1]);
    String last = "x";
    for (int i = 1; i < sizes.length; i++) {
      boolean end = i == sizes.length - 1;
      String out = end ? "y" : "h" + i;
      String gemm = end ? out : out + "_gemm";
      graph.initializer("w" + i, randomFloats(i, sizes[i - 1] * sizes[i]), sizes[i - 1], sizes[i]);
      graph.initializer("b" + i, randomFloats(100 + i, sizes[i]), sizes[i]);
      graph.node("Gemm", List.of(last, "w" + i, "b" + i), List.of(gemm));
      if (!end) {
        graph.node("Relu", List.of(gemm), List.of(out));
      }
      last = out;
    }
    return graph.build();
  }

  /** Sums along {@code axis}: over axis 0 no row is independent, and no shape shows it. */
  public static byte[] cumsum(int axis) {
    return OnnxGraphBuilder.named("cumsum")
        .input("x", DataType.FP32, "n", 4)
        .output("y", DataType.FP32, "n", 4)
        .initializer("axis", new long[] {axis})
        .node("CumSum", List.of("x", "axis"), List.of("y"))
        .build();
  }

  /** {@code y = x + trips} with x and y FP32 [4], trips INT64 [], one addition after the other. */
  public static byte[] counting() {
    OnnxGraphBuilder body =
        OnnxGraphBuilder.named("body")
            .input("trip", DataType.INT64)
            .input("go_on", DataType.BOOL)
            .input("before", DataType.FP32, 4)
            .output("going_on", DataType.BOOL)
            .output("after", DataType.FP32, 4)
            .initializer("one", new float[] {1}, 1)
            .node("Identity", List.of("go_on"), List.of("going_on"))
            .node("Add", List.of("before", "one"), List.of("after"));
    return OnnxGraphBuilder.named("counting")
        .input("x", DataType.FP32, 4)
        .input("trips", DataType.INT64)
        .output("y", DataType.FP32, 4)
        .node("Loop", List.of("trips", "", "x"), List.of("y"), Attribute.of("body", body))
        .build();
  }

  /** Looks words up: 1, 2, 3 for the given ones, -1 for any other. */
  public static byte[] wordNumbers(String... words) {
    long[] numbers = new long[words.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i + 1L;
    }
    return OnnxGraphBuilder.named("words")
        .opset(17)
        .opset("ai.onnx.ml", 2)
        .input("word", DataType.BYTES, "n", 1)
        .output("number", DataType.INT64, "n", 1)
        .nodeOf(
            "ai.onnx.ml",
            "LabelEncoder",
            List.of("word"),
            List.of("number"),
            Attribute.strings("keys_strings", words),
            Attribute.ints("values_int64s", numbers),
            Attribute.of("default_int64", -1L))
        .build();
  }

  /**
   * A classifier as scikit-learn's converter makes it: label [n] and a sequence of maps.
   *
   * @param key INT64 or BYTES
   * @param withDefaultOpset whether the default operator set is imported
   */
  public static byte[] zipMapClassifier(DataType key, boolean withDefaultOpset) {
    OnnxGraphBuilder graph = OnnxGraphBuilder.named("classifier").opset("ai.onnx.ml", 1);
    if (withDefaultOpset) {
      graph.opset(12);
    }
    boolean words = key == DataType.BYTES;
    Attribute classes =
        words
            ? Attribute.strings("classlabels_strings", "cat", "dog", "cow")
            : Attribute.ints("classlabels_ints", 0, 1, 2);
    Attribute keys =
        words
            ? Attribute.strings("classlabels_strings", "cat", "dog", "cow")
            : Attribute.ints("classlabels_int64s", 0, 1, 2);
    return graph
        .input("X", DataType.FP32, -1, 4)
        .output("output_label", words ? DataType.BYTES : DataType.INT64, -1)
        .outputOfMaps("output_probability", key)
        .nodeOf(
            "ai.onnx.ml",
            "LinearClassifier",
            List.of("X"),
            List.of("output_label", "probabilities"),
            Attribute.floats("coefficients", randomFloats(3, 12)),
            Attribute.floats("intercepts", randomFloats(4, 3)),
            Attribute.of("multi_class", 1L),
            Attribute.of("post_transform", "SOFTMAX"),
            classes)
        .nodeOf(
            "ai.onnx.ml", "ZipMap", List.of("probabilities"), List.of("output_probability"), keys)
        .build();
  }

  /** Normally distributed floats, the same for the same seed. */
  public static float[] randomFloats(int seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
