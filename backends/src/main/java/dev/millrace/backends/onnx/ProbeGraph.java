// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

/** The smallest graph that computes: {@code y = x + x} of one float. */
final class ProbeGraph {
  static final String INPUT = "x";
  private static final String OUTPUT = "y";

  private ProbeGraph() {}

  /** A ModelProto. */
  static byte[] bytes() {
    WireWriter node = new WireWriter().string(1, INPUT).string(1, INPUT);
    node.string(2, OUTPUT).string(4, "Add");
    WireWriter graph = new WireWriter().message(1, node).string(2, "probe");
    graph.message(11, value(INPUT)).message(12, value(OUTPUT));
    WireWriter operators = new WireWriter().string(1, "").varint(2, 13);
    return new WireWriter().varint(1, 8).message(7, graph).message(8, operators).toByteArray();
  }

  /** A ValueInfoProto of a FLOAT tensor of shape [1]. */
  private static WireWriter value(String name) {
    WireWriter shape = new WireWriter().message(1, new WireWriter().varint(1, 1));
    WireWriter tensor = new WireWriter().varint(1, 1).message(2, shape);
    return new WireWriter().string(1, name).message(2, new WireWriter().message(1, tensor));
  }
}
