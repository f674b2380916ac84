// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
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
 * @param sizeHints sizes that the weights have: an open dimension of an input is often one of them
 */
record OnnxGraph(
    MemorySegment bytes,
    long start,
    long end,
    List<GraphValue> inputs,
    List<GraphValue> outputs,
    List<ZipMap> zipMaps,
    Set<Long> sizeHints) {

  /** Sizes larger than this are vocabularies, not what an open dimension is. */
  private static final long LARGEST_HINT = 4096;

  /** More would only take time. */
  private static final int MOST_HINTS = 64;

  /** Numbers of fields in ModelProto, GraphProto and NodeProto. */
  static final int MODEL_GRAPH = 7;

  static final int GRAPH_NODE = 1;
  static final int GRAPH_INITIALIZER = 5;
  static final int GRAPH_INPUT = 11;
  static final int GRAPH_OUTPUT = 12;
  static final int GRAPH_VALUE_INFO = 13;
  static final int GRAPH_SPARSE_INITIALIZER = 15;
  static final int NODE_INPUT = 1;
  static final int NODE_OUTPUT = 2;
  static final int NODE_OP_TYPE = 4;

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
    WireReader model = new WireReader(bytes, 0, bytes.byteSize());
    OnnxGraph graph = null;
    while (model.next()) {
      if (model.bytesField() == MODEL_GRAPH) {
        graph = readGraph(bytes, model);
      }
    }
    if (graph == null) {
      throw new ModelLoadException("not an ONNX model: it holds no graph");
    }
    return graph;
  }

  private static OnnxGraph readGraph(MemorySegment bytes, WireReader model)
      throws ModelLoadException {
    List<GraphValue> inputs = new ArrayList<>();
    List<GraphValue> outputs = new ArrayList<>();
    List<ZipMap> zipMaps = new ArrayList<>();
    Set<String> initializers = new HashSet<>();
    Set<Long> hints = new LinkedHashSet<>();
    WireReader graph = model.message();
    while (graph.next()) {
      switch (graph.bytesField()) {
        case GRAPH_NODE -> readNode(graph.message(), graph.fieldStart(), zipMaps);
        case GRAPH_INITIALIZER -> initializers.add(tensorName(graph.message(), hints));
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

  private static String tensorName(WireReader tensor, Set<Long> hints) throws ModelLoadException {
    String name = "";
    while (tensor.next()) {
      if (tensor.bytesField() == 8) {
        name = tensor.string();
      } else if (tensor.varintField() == 1) {
        addHint(tensor.varint(), hints);
      } else if (tensor.bytesField() == 1) {
        for (long dim : tensor.packedVarints()) {
          addHint(dim, hints);
        }
      }
    }
    return name;
  }

  private static void addHint(long size, Set<Long> hints) {
    if (size > 0 && size <= LARGEST_HINT && hints.size() < MOST_HINTS) {
      hints.add(size);
    }
  }

  private static String sparseTensorName(WireReader sparse, Set<Long> hints)
      throws ModelLoadException {
    while (sparse.next()) {
      if (sparse.bytesField() == 1) {
        return tensorName(sparse.message(), hints);
      }
    }
    return "";
  }
}
