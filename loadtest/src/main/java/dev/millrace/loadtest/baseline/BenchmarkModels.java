// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes the models that are measured: {@code BenchmarkModels DIRECTORY}. Weights are random. */
public final class BenchmarkModels {
  public static final String TINY = "tiny_mlp";
  public static final String LARGE = "large_mlp";
  public static final String IMAGE = "image";
  public static final String TEXT = "text";
  public static final String SHORT_TEXT = "short_text";
  public static final String WIDE = "wide_mlp";
  public static final String CONVOLUTION = "cnn";

  /** How many copies of the tiny model there are, as {@code copy_000} and so on. */
  public static final int COPIES = 200;

  private static final int WIDTH = 64;
  private static final int VOCABULARY = 1000;

  private BenchmarkModels() {}

  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  public static void write(Path directory) throws IOException {
    writeTiny(directory);
    put(directory, LARGE, OnnxModels.mlp(784, 2048, 2048, 2048, 10));
    put(directory, IMAGE, image());
    put(directory, TEXT, text());
  }

  /**
   * A perceptron of which a batch takes milliseconds and a row of 256 bytes hundreds of
   * microseconds: the wire is not what limits it.
   */
  public static byte[] wide() {
    return OnnxModels.mlp(64, 4096, 4096, 4096, 10);
  }

  public static byte[] text() {
    return text(2, WIDTH);
  }

  /**
   * An encoder for a few tokens at a time, whose weights do not fit into caches: what a run costs
   * is hardly more for several rows than for one.
   */
  public static byte[] shortText() {
    return text(2, 8 * WIDTH);
  }

  /**
   * Four convolutions of 64 channels over a picture of 28 × 28: [n,1,28,28] to [n,10]. Their
   * weights are few and stay in the cache, so that a batch of rows takes as long as the rows one by
   * one.
   */
  public static byte[] convolution() {
    int channels = 64;
    int size = 28;
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("cnn")
            .input("x", DataType.FP32, "n", 1, size, size)
            .output("y", DataType.FP32, "n", 10);
    String last = "x";
    int depth = 1;
    for (int i = 0; i < 4; i++) {
      String w = "w" + i;
      graph.initializer(w, small(w, channels * depth * 9), channels, depth, 3, 3);
      graph
          .nodeOf(
              "", "Conv", List.of(last, w), List.of("c" + i), Attribute.ints("pads", 1, 1, 1, 1))
          .node("Relu", List.of("c" + i), List.of("r" + i));
      last = "r" + i;
      depth = channels;
    }
    weight(graph, "head", channels, 10);
    return graph
        .nodeOf(
            "",
            "ReduceMean",
            List.of(last),
            List.of("pooled"),
            Attribute.ints("axes", 2, 3),
            Attribute.of("keepdims", 0L))
        .node("MatMul", List.of("pooled", "head"), List.of("y"))
        .opset(11)
        .build();
  }

  /** A graph of ResNet-50's shape: [n,3,224,224] to [n,1000]. 100 MB. */
  public static byte[] residual() {
    return ResidualNetwork.of(224, WIDTH, 1000, List.of(3, 4, 6, 3));
  }

  /** The same with few weights, for a look at whether anything works. */
  public static byte[] smallResidual() {
    return ResidualNetwork.of(32, 8, 10, List.of(1, 1));
  }

  /** An encoder of BERT's depth and width, with one head in place of twelve. 350 MB. */
  public static byte[] longText() {
    return text(12, 12 * WIDTH);
  }

  public static byte[] tiny() {
    return OnnxModels.mlp(16, 64, 64, 4);
  }

  /** Writes the tiny model alone. */
  public static void writeTiny(Path directory) throws IOException {
    Files.createDirectories(directory);
    put(directory, TINY, tiny());
  }

  /** Writes the copies of the tiny model. */
  public static void writeCopies(Path directory) throws IOException {
    Files.createDirectories(directory);
    byte[] tiny = tiny();
    for (int i = 0; i < COPIES; i++) {
      put(directory, copy(i), tiny);
    }
  }

  public static String copy(int number) {
    return "copy_%03d".formatted(number);
  }

  private static void put(Path directory, String name, byte[] model) throws IOException {
    Files.write(directory.resolve(name + ".onnx"), model);
  }

  /**
   * The mean of each channel of an image [n,3,224,224]: reads all 602,112 bytes, computes little.
   */
  public static byte[] image() {
    return OnnxGraphBuilder.named("image")
        .input("x", DataType.FP32, "n", 3, 224, 224)
        .output("y", DataType.FP32, "n", 3)
        .nodeOf(
            "",
            "ReduceMean",
            List.of("x"),
            List.of("y"),
            Attribute.ints("axes", 2, 3),
            Attribute.of("keepdims", 0L))
        .build();
  }

  /**
   * A transformer encoder with one head, as small as makes sense: token numbers and mask [n,s],
   * four scores [n,4].
   */
  private static byte[] text(int layers, int width) {
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("text")
            .input("input_ids", DataType.INT64, "n", "s")
            .input("attention_mask", DataType.INT64, "n", "s")
            .output("scores", DataType.FP32, "n", 4);
    weight(graph, "embedding", VOCABULARY, width);
    graph.node("Gather", List.of("embedding", "input_ids"), List.of("x0"));
    // 0 where the mask is 1, -10000 where it is 0, for all rows of the attention
    graph
        .initializer("one", new float[] {1}, 1)
        .initializer("far", new float[] {10_000}, 1)
        .nodeOf(
            "",
            "Cast",
            List.of("attention_mask"),
            List.of("mask"),
            Attribute.of("to", DataType.FP32))
        .node("Sub", List.of("mask", "one"), List.of("mask_0"))
        .node("Mul", List.of("mask_0", "far"), List.of("mask_1"))
        .nodeOf("", "Unsqueeze", List.of("mask_1"), List.of("bias"), Attribute.ints("axes", 1));
    graph.initializer("scale", new float[] {(float) (1 / Math.sqrt(width))}, 1);
    for (int i = 0; i < layers; i++) {
      layer(graph, "x" + i, "x" + (i + 1), "l" + i + "_", width);
    }
    weight(graph, "head", width, 4);
    return graph
        .nodeOf(
            "",
            "ReduceMean",
            List.of("x" + layers),
            List.of("pooled"),
            Attribute.ints("axes", 1),
            Attribute.of("keepdims", 0L))
        .node("MatMul", List.of("pooled", "head"), List.of("scores"))
        .opset(11)
        .build();
  }

  private static void layer(
      OnnxGraphBuilder graph, String in, String out, String prefix, int width) {
    for (String name : List.of("q", "k", "v")) {
      weight(graph, prefix + "w" + name, width, width);
      graph.node("MatMul", List.of(in, prefix + "w" + name), List.of(prefix + name));
    }
    weight(graph, prefix + "w1", width, 4 * width);
    weight(graph, prefix + "w2", 4 * width, width);
    graph
        .nodeOf(
            "",
            "Transpose",
            List.of(prefix + "k"),
            List.of(prefix + "kt"),
            Attribute.ints("perm", 0, 2, 1))
        .node("MatMul", List.of(prefix + "q", prefix + "kt"), List.of(prefix + "a0"))
        .node("Mul", List.of(prefix + "a0", "scale"), List.of(prefix + "a1"))
        .node("Add", List.of(prefix + "a1", "bias"), List.of(prefix + "a2"))
        .nodeOf(
            "", "Softmax", List.of(prefix + "a2"), List.of(prefix + "a"), Attribute.of("axis", 2L))
        .node("MatMul", List.of(prefix + "a", prefix + "v"), List.of(prefix + "av"))
        .node("Add", List.of(in, prefix + "av"), List.of(prefix + "r"))
        .node("MatMul", List.of(prefix + "r", prefix + "w1"), List.of(prefix + "f0"))
        .node("Relu", List.of(prefix + "f0"), List.of(prefix + "f1"))
        .node("MatMul", List.of(prefix + "f1", prefix + "w2"), List.of(prefix + "f"))
        .node("Add", List.of(prefix + "r", prefix + "f"), List.of(out));
  }

  /** Small weights, so that softmax and sums stay in range whatever the depth. */
  private static void weight(OnnxGraphBuilder graph, String name, int rows, int columns) {
    graph.initializer(name, small(name, rows * columns), rows, columns);
  }

  private static float[] small(String name, int count) {
    float[] values = OnnxModels.randomFloats(name.hashCode(), count);
    for (int i = 0; i < values.length; i++) {
      values[i] *= 0.1f;
    }
    return values;
  }
}
