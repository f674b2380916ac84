// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import java.util.List;

/**
 * A graph of ResNet-50's shape with random weights, its normalisations folded into convolutions (He
 * et al., "Deep Residual Learning for Image Recognition", table 1): [n,3,s,s] to [n,classes].
 */
final class ResidualNetwork {
  /** A bottleneck's last convolution has four times the channels of its others. */
  private static final int EXPANSION = 4;

  private final OnnxGraphBuilder graph;
  private int nodes;

  private ResidualNetwork(int size, int classes) {
    graph =
        OnnxGraphBuilder.named("resnet")
            .input("x", DataType.FP32, "n", 3, size, size)
            .output("y", DataType.FP32, "n", classes);
  }

  /**
   * Writes it.
   *
   * @param size of the picture; 224 of the original
   * @param width channels of the first stage; 64 of the original
   * @param blocks of each stage; 3, 4, 6, 3 of the original
   */
  static byte[] of(int size, int width, int classes, List<Integer> blocks) {
    ResidualNetwork network = new ResidualNetwork(size, classes);
    String last = network.relu(network.convolve("x", 3, width, 7, 2));
    int depth = width;
    for (int stage = 0; stage < blocks.size(); stage++) {
      int inner = width << stage;
      for (int block = 0; block < blocks.get(stage); block++) {
        last = network.bottleneck(last, depth, inner, block == 0 ? 2 : 1);
        depth = inner * EXPANSION;
      }
    }
    return network.classify(last, depth, classes);
  }

  private String bottleneck(String in, int depth, int inner, int stride) {
    int out = inner * EXPANSION;
    String a = relu(convolve(in, depth, inner, 1, 1));
    String b = relu(convolve(a, inner, inner, 3, stride));
    String c = convolve(b, inner, out, 1, 1);
    String shortcut = stride == 1 ? in : convolve(in, depth, out, 1, stride);
    String sum = next();
    graph.node("Add", List.of(c, shortcut), List.of(sum));
    return relu(sum);
  }

  private String convolve(String in, int depth, int channels, int kernel, int stride) {
    String out = next();
    int pad = kernel / 2;
    graph
        .initializer(
            "w" + out,
            weights(channels * depth * kernel * kernel, depth * kernel * kernel),
            channels,
            depth,
            kernel,
            kernel)
        .nodeOf(
            "",
            "Conv",
            List.of(in, "w" + out),
            List.of(out),
            Attribute.ints("pads", pad, pad, pad, pad),
            Attribute.ints("strides", stride, stride));
    return out;
  }

  private String relu(String in) {
    String out = next();
    graph.node("Relu", List.of(in), List.of(out));
    return out;
  }

  private byte[] classify(String in, int depth, int classes) {
    return graph
        .initializer("head", weights(depth * classes, depth), depth, classes)
        .nodeOf(
            "",
            "ReduceMean",
            List.of(in),
            List.of("pooled"),
            Attribute.ints("axes", 2, 3),
            Attribute.of("keepdims", 0L))
        .node("MatMul", List.of("pooled", "head"), List.of("y"))
        .opset(11)
        .build();
  }

  private String next() {
    return "t" + nodes++;
  }

  /** Of a spread that keeps sums in range, however many are added and however deep it is. */
  private float[] weights(int count, int summands) {
    float[] values = OnnxModels.randomFloats(nodes, count);
    float scale = (float) (1 / Math.sqrt(summands));
    for (int i = 0; i < count; i++) {
      values[i] *= scale;
    }
    return values;
  }
}
