// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a model file declares: the little of ONNX's {@code ModelProto} that serving needs. Read by
 * hand, since weights are skipped and this module needs no protobuf library.
 *
 * @param bytes the whole file
 * @param start where the graph's message begins in it
 * @param end where it ends
 * @param inputs what must be fed: in IR 3 initialisers are listed as inputs too, and left out here
 * @param outputs in the graph's order
 * @param zipMaps nodes that turn a table of scores into a sequence of maps
 * @param hints values worth trying
 */
record OnnxGraph(
    MemorySegment bytes,
    long start,
    long end,
    List<GraphValue> inputs,
    List<GraphValue> outputs,
    List<ZipMap> zipMaps,
    GraphHints hints) {

  /** Numbers of fields in ModelProto, GraphProto and NodeProto. */
  static final int MODEL_GRAPH = 7;

  static final int MODEL_FUNCTION = 25;
  static final int FUNCTION_NODE = 7;
  static final int GRAPH_NODE = 1;
  static final int GRAPH_INITIALIZER = 5;
  static final int GRAPH_INPUT = 11;
  static final int GRAPH_OUTPUT = 12;
  static final int GRAPH_VALUE_INFO = 13;
  static final int GRAPH_SPARSE_INITIALIZER = 15;
  static final int NODE_INPUT = 1;
  static final int NODE_OUTPUT = 2;
  static final int NODE_OP_TYPE = 4;
  static final int NODE_ATTRIBUTE = 5;

  /**
   * A ZipMap node.
   *
   * @param scores the tensor it reads
   * @param maps the sequence of maps it makes
   * @param start where its field begins in the file
   */
  record ZipMap(String scores, String maps, long start) {}

  static OnnxGraph read(MemorySegment bytes) throws ModelLoadException {
    if (bytes.byteSize() == 0) {
      throw new ModelLoadException("not an ONNX model: the file is empty");
    }
    refuseText(bytes);
    WireReader model = new WireReader(bytes, 0, bytes.byteSize());
    OnnxGraph graph = null;
    GraphHints hints = new GraphHints();
    while (model.next()) {
      if (model.bytesField() == MODEL_GRAPH) {
        graph = readGraph(bytes, model, hints);
      } else if (model.bytesField() == MODEL_FUNCTION) {
        readFunction(model.message(), hints);
      }
    }
    if (graph == null) {
      throw new ModelLoadException("not an ONNX model: it holds no graph");
    }
    return graph;
  }

  /** A pointer of Git LFS, a page of a web server, a Python traceback: said plainly. */
  private static void refuseText(MemorySegment bytes) throws ModelLoadException {
    byte[] start = bytes.asSlice(0, Math.min(bytes.byteSize(), 40)).toArray(ValueLayout.JAVA_BYTE);
    for (byte next : start) {
      if (next < ' ' && next != '\n' && next != '\r' && next != '\t') {
        return;
      }
    }
    String text = new String(start, StandardCharsets.US_ASCII).strip();
    throw new ModelLoadException("not an ONNX model: it is text, beginning with '" + text + "'");
  }

  private static void readFunction(WireReader function, GraphHints hints)
      throws ModelLoadException {
    while (function.next()) {
      if (function.bytesField() == FUNCTION_NODE) {
        hints.readNode(function.message());
      }
    }
  }

  private static OnnxGraph readGraph(MemorySegment bytes, WireReader model, GraphHints hints)
      throws ModelLoadException {
    List<GraphValue> inputs = new ArrayList<>();
    List<GraphValue> outputs = new ArrayList<>();
    List<ZipMap> zipMaps = new ArrayList<>();
    Set<String> initializers = new HashSet<>();
    WireReader graph = model.message();
    while (graph.next()) {
      switch (graph.bytesField()) {
        case GRAPH_NODE -> {
          readNode(graph.message(), graph.fieldStart(), zipMaps);
          hints.readNode(graph.message());
        }
        case GRAPH_INITIALIZER -> initializers.add(hints.readTensor(graph.message()));
        case GRAPH_SPARSE_INITIALIZER -> initializers.add(sparseTensorName(graph.message(), hints));
        case GRAPH_INPUT -> inputs.add(GraphValue.read(graph.message()));
        case GRAPH_OUTPUT -> outputs.add(GraphValue.read(graph.message()));
        default -> {}
      }
    }
    inputs.removeIf(input -> initializers.contains(input.name()));
    return new OnnxGraph(
        bytes,
        model.payloadStart(),
        model.payloadEnd(),
        List.copyOf(inputs),
        List.copyOf(outputs),
        List.copyOf(zipMaps),
        hints);
  }

  private static void readNode(WireReader node, long start, List<ZipMap> zipMaps)
      throws ModelLoadException {
    String opType = "";
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    while (node.next()) {
      switch (node.bytesField()) {
        case NODE_INPUT -> inputs.add(node.string());
        case NODE_OUTPUT -> outputs.add(node.string());
        case NODE_OP_TYPE -> opType = node.string();
        default -> {}
      }
    }
    if (opType.equals("ZipMap") && inputs.size() == 1 && outputs.size() == 1) {
      zipMaps.add(new ZipMap(inputs.get(0), outputs.get(0), start));
    }
  }

  private static String sparseTensorName(WireReader sparse, GraphHints hints)
      throws ModelLoadException {
    while (sparse.next()) {
      if (sparse.bytesField() == 1) {
        return hints.readTensor(sparse.message());
      }
    }
    return "";
  }
}
