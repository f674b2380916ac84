// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The changes a graph needs before it can be served, and the changed file.
 *
 * <ul>
 *   <li>ZipMap: the protocol has no maps, so the node becomes an Identity and the output is the
 *       table of scores itself, under the output's name.
 *   <li>Unsigned inputs of 16, 32 and 64 bits: ORT's Java binding cannot create them. The input is
 *       declared as the signed type of the same width under another name, and a Cast gives the old
 *       name its old type. Two's complement keeps every value.
 * </ul>
 *
 * <p>All other bytes are copied as they are. Neither Identity nor Cast brings an operator set
 * along: where a model imports none of the default domain, ORT takes its own latest.
 */
final class GraphEdits {
  private static final String SIGNED_SUFFIX = "/signed_twin";

  private final OnnxGraph graph;
  private final Map<Long, OnnxGraph.ZipMap> zipMapsByStart = new HashMap<>();
  private final Set<String> zipMapOutputs = new HashSet<>();
  private final Map<String, GraphValue> unsignedInputs = new HashMap<>();

  private GraphEdits(OnnxGraph graph) {
    this.graph = graph;
  }

  /** What this graph needs; perhaps nothing. */
  static GraphEdits of(OnnxGraph graph) throws ModelLoadException {
    GraphEdits edits = new GraphEdits(graph);
    for (GraphValue input : graph.inputs()) {
      DataType type = input.dataType();
      if (type != null && ElementType.creatable(type) != type) {
        edits.unsignedInputs.put(input.name(), input);
      }
    }
    if (!graph.zipMaps().isEmpty()) {
      edits.findRemovableZipMaps();
    }
    return edits;
  }

  private void findRemovableZipMaps() throws ModelLoadException {
    Set<String> outputs = new HashSet<>();
    graph.outputs().forEach(output -> outputs.add(output.name()));
    Set<String> read = namesReadByNodes();
    for (OnnxGraph.ZipMap zipMap : graph.zipMaps()) {
      if (outputs.contains(zipMap.maps()) && !read.contains(zipMap.maps())) {
        zipMapsByStart.put(zipMap.start(), zipMap);
        zipMapOutputs.add(zipMap.maps());
      }
    }
  }

  private Set<String> namesReadByNodes() throws ModelLoadException {
    Set<String> names = new HashSet<>();
    WireReader fields = new WireReader(graph.bytes(), graph.start(), graph.end());
    while (fields.next()) {
      if (fields.bytesField() == OnnxGraph.GRAPH_NODE) {
        WireReader node = fields.message();
        while (node.next()) {
          if (node.bytesField() == OnnxGraph.NODE_INPUT) {
            names.add(node.string());
          }
        }
      }
    }
    return names;
  }

  boolean isEmpty() {
    return zipMapOutputs.isEmpty() && unsignedInputs.isEmpty();
  }

  /** The name under which ORT is fed this input. */
  String fedName(String input) {
    return unsignedInputs.containsKey(input) ? input + SIGNED_SUFFIX : input;
  }

  /** The graph's outputs as they are after the edits. */
  List<GraphValue> outputs() {
    List<GraphValue> outputs = new ArrayList<>();
    for (GraphValue output : graph.outputs()) {
      outputs.add(
          zipMapOutputs.contains(output.name())
              ? new GraphValue(
                  output.name(), GraphValue.Kind.TENSOR, ElementType.onnx(DataType.FP32), null)
              : output);
    }
    return List.copyOf(outputs);
  }

  /** The edited file, in memory of {@code arena}. */
  ByteBuffer write(Arena arena) throws ModelLoadException {
    List<MemorySegment> edited = editGraph();
    long graphLength = length(edited);
    List<MemorySegment> file = new ArrayList<>();
    WireReader model = new WireReader(graph.bytes(), 0, graph.bytes().byteSize());
    while (model.next()) {
      if (model.bytesField() != OnnxGraph.MODEL_GRAPH) {
        file.add(raw(model));
      } else if (model.payloadStart() == graph.start()) {
        file.add(wrap(new WireWriter().header(OnnxGraph.MODEL_GRAPH, graphLength)));
        file.addAll(edited);
      }
    }
    long length = length(file);
    if (length > Integer.MAX_VALUE) {
      throw new ModelLoadException(
          "the graph needs a change ("
              + describe()
              + "), which is not possible at "
              + length
              + " bytes (at most "
              + Integer.MAX_VALUE
              + "); export it with external data");
    }
    MemorySegment target = arena.allocate(Math.max(1, length), 64);
    long position = 0;
    for (MemorySegment piece : file) {
      MemorySegment.copy(piece, 0, target, position, piece.byteSize());
      position += piece.byteSize();
    }
    return target.asSlice(0, length).asByteBuffer();
  }

  /** The edits in words, for the log. */
  String describe() {
    List<String> words = new ArrayList<>();
    for (String output : zipMapOutputs) {
      words.add("output '" + output + "': its maps (ZipMap) are served as the table of scores");
    }
    for (GraphValue input : unsignedInputs.values()) {
      words.add("input '" + input.name() + "': fed as a signed type and cast in the graph");
    }
    return String.join("; ", words);
  }

  private List<MemorySegment> editGraph() throws ModelLoadException {
    List<MemorySegment> pieces = new ArrayList<>();
    for (GraphValue input : unsignedInputs.values()) {
      pieces.add(wrap(new WireWriter().message(OnnxGraph.GRAPH_NODE, castNode(input))));
    }
    WireReader fields = new WireReader(graph.bytes(), graph.start(), graph.end());
    while (fields.next()) {
      switch (fields.bytesField()) {
        case OnnxGraph.GRAPH_NODE -> {
          OnnxGraph.ZipMap zipMap = zipMapsByStart.get(fields.fieldStart());
          pieces.add(
              zipMap == null
                  ? raw(fields)
                  : wrap(new WireWriter().message(OnnxGraph.GRAPH_NODE, identityNode(zipMap))));
        }
        case OnnxGraph.GRAPH_INPUT -> {
          GraphValue input = unsignedInputs.get(GraphValue.read(fields.message()).name());
          pieces.add(
              input == null
                  ? raw(fields)
                  : wrap(new WireWriter().message(OnnxGraph.GRAPH_INPUT, signedInput(input))));
        }
        case OnnxGraph.GRAPH_OUTPUT -> {
          String name = GraphValue.read(fields.message()).name();
          pieces.add(
              zipMapOutputs.contains(name)
                  ? wrap(new WireWriter().message(OnnxGraph.GRAPH_OUTPUT, floatTensor(name)))
                  : raw(fields));
        }
        case OnnxGraph.GRAPH_VALUE_INFO -> {
          if (!zipMapOutputs.contains(GraphValue.read(fields.message()).name())) {
            pieces.add(raw(fields));
          }
        }
        default -> pieces.add(raw(fields));
      }
    }
    return pieces;
  }

  private WireWriter castNode(GraphValue input) {
    WireWriter to =
        new WireWriter()
            .string(1, "to")
            .varint(3, input.elementType())
            .varint(20, 2); // AttributeProto.type INT
    return node("Cast", fedName(input.name()), input.name()).message(5, to);
  }

  private static WireWriter identityNode(OnnxGraph.ZipMap zipMap) {
    return node("Identity", zipMap.scores(), zipMap.maps());
  }

  private static WireWriter node(String opType, String input, String output) {
    return new WireWriter()
        .string(OnnxGraph.NODE_INPUT, input)
        .string(OnnxGraph.NODE_OUTPUT, output)
        .string(3, "millrace/" + opType + "/" + output)
        .string(OnnxGraph.NODE_OP_TYPE, opType);
  }

  private WireWriter signedInput(GraphValue input) throws ModelLoadException {
    DataType type = input.dataType();
    if (type == null) {
      throw new ModelLoadException("input '" + input.name() + "' has no type"); // never chosen so
    }
    WireWriter tensor = new WireWriter().varint(1, ElementType.onnx(ElementType.creatable(type)));
    if (input.dims() != null) {
      WireWriter shape = new WireWriter();
      for (GraphValue.Dim dim : input.dims()) {
        WireWriter size = new WireWriter();
        if (dim.size() >= 0) {
          size.varint(1, dim.size());
        } else if (!dim.symbol().isEmpty()) {
          size.string(2, dim.symbol());
        }
        shape.message(1, size);
      }
      tensor.message(2, shape);
    }
    return valueInfo(fedName(input.name()), tensor);
  }

  private static WireWriter floatTensor(String name) {
    return valueInfo(name, new WireWriter().varint(1, ElementType.onnx(DataType.FP32)));
  }

  private static WireWriter valueInfo(String name, WireWriter tensorType) {
    return new WireWriter().string(1, name).message(2, new WireWriter().message(1, tensorType));
  }

  private MemorySegment raw(WireReader field) {
    return graph.bytes().asSlice(field.fieldStart(), field.fieldEnd() - field.fieldStart());
  }

  private static MemorySegment wrap(WireWriter message) {
    return MemorySegment.ofArray(message.toByteArray());
  }

  private static long length(List<MemorySegment> pieces) {
    long length = 0;
    for (MemorySegment piece : pieces) {
      length += piece.byteSize();
    }
    return length;
  }
}
