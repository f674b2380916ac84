// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a graph's constants give away about values worth trying: a stop word that makes a row vanish
 * and a threshold that one row may trip for all of them are written in the graph, and hardly ever
 * met by chance. On the way, the files that weights lie in.
 */
final class GraphHints {
  /** Sizes larger than this are vocabularies, not what an open dimension is. */
  private static final long LARGEST_SIZE = 4096;

  /** Constants of more elements are weights. */
  private static final int MOST_ELEMENTS = 16;

  /** Of each sort; more would only take time. */
  private static final int MOST = 64;

  /** Subgraphs in subgraphs; ONNX itself sets no limit. */
  private static final int MOST_DEPTH = 50;

  private final Set<String> operators = new HashSet<>();
  private final Set<Long> sizes = new LinkedHashSet<>();
  private final Set<String> words = new LinkedHashSet<>();
  private final Set<Double> numbers = new LinkedHashSet<>();
  private final SortedSet<String> externalFiles = new TreeSet<>();
  private int depth;

  /** Sizes that weights have: an open dimension of an input is often one of them. */
  Set<Long> sizes() {
    return sizes;
  }

  /** Strings that occur in the graph. */
  Set<String> words() {
    return words;
  }

  /** Numbers of the graph's small constants. */
  Set<Double> numbers() {
    return numbers;
  }

  /** Operators of all nodes, those of branches, loop bodies and functions too. */
  Set<String> operators() {
    return operators;
  }

  /** Files beside the model's own that its weights lie in, as the graph names them. */
  SortedSet<String> externalFiles() {
    return externalFiles;
  }

  /** Reads a node of any graph (a {@code NodeProto}). */
  void readNode(WireReader node) throws ModelLoadException {
    while (node.next()) {
      switch (node.bytesField()) {
        case OnnxGraph.NODE_OP_TYPE -> operators.add(node.string());
        case OnnxGraph.NODE_ATTRIBUTE -> readAttribute(node.message());
        default -> {}
      }
    }
  }

  private void readAttribute(WireReader attribute) throws ModelLoadException {
    while (attribute.next()) {
      switch (attribute.bytesField()) {
        case 5 -> readTensor(attribute.message());
        case 6, 11 -> readSubgraph(attribute.message());
        case 9 -> addWord(attribute.string());
        default -> {}
      }
    }
  }

  private void readSubgraph(WireReader graph) throws ModelLoadException {
    if (depth == MOST_DEPTH) {
      return; // hints only: deeper ones are not worth a stack overflow
    }
    depth++;
    readNodes(graph);
    depth--;
  }

  private void readNodes(WireReader graph) throws ModelLoadException {
    while (graph.next()) {
      switch (graph.bytesField()) {
        case OnnxGraph.GRAPH_NODE -> readNode(graph.message());
        case OnnxGraph.GRAPH_INITIALIZER -> readTensor(graph.message());
        default -> {}
      }
    }
  }

  /** Reads a constant (a {@code TensorProto}); returns its name. */
  String readTensor(WireReader tensor) throws ModelLoadException {
    String name = "";
    long type = 0;
    long elements = 1;
    ByteBuffer raw = ByteBuffer.allocate(0);
    while (tensor.next()) {
      if (tensor.varintField() == 1) {
        elements = addSize(tensor.varint(), elements);
      } else if (tensor.varintField() == 2) {
        type = tensor.varint();
      } else {
        switch (tensor.bytesField()) {
          case 1 -> {
            for (long size : tensor.packedVarints()) {
              elements = addSize(size, elements);
            }
          }
          case 4, 10, 9 -> raw = small(tensor, raw); // float_data, double_data, raw_data
          case 6 -> addWord(tensor.string());
          case 7 -> {
            if (tensor.payloadEnd() - tensor.payloadStart() <= MOST_ELEMENTS) {
              for (long number : tensor.packedVarints()) {
                addNumber((double) number);
              }
            }
          }
          case 8 -> name = tensor.string();
          case 13 -> readExternalData(tensor.message());
          default -> {}
        }
      }
    }
    if (elements >= 0 && elements <= MOST_ELEMENTS) {
      addNumbers((int) type, raw);
    }
    return name;
  }

  /** Reads an entry of {@code external_data}, a key and its value. */
  private void readExternalData(WireReader entry) throws ModelLoadException {
    String key = "";
    String value = "";
    while (entry.next()) {
      switch (entry.bytesField()) {
        case 1 -> key = entry.string();
        case 2 -> value = entry.string();
        default -> {}
      }
    }
    if (key.equals("location")) {
      externalFiles.add(value);
    }
  }

  private static ByteBuffer small(WireReader tensor, ByteBuffer otherwise) {
    return tensor.payloadEnd() - tensor.payloadStart() <= MOST_ELEMENTS * 8
        ? ByteBuffer.wrap(tensor.payload())
        : otherwise;
  }

  private void addNumbers(int type, ByteBuffer little) {
    ByteBuffer raw = little.order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case 1 -> {
        while (raw.remaining() >= 4) {
          addNumber(raw.getFloat());
        }
      }
      case 6 -> {
        while (raw.remaining() >= 4) {
          addNumber(raw.getInt());
        }
      }
      case 7 -> {
        while (raw.remaining() >= 8) {
          addNumber((double) raw.getLong());
        }
      }
      case 11 -> {
        while (raw.remaining() >= 8) {
          addNumber(raw.getDouble());
        }
      }
      default -> {}
    }
  }

  private long addSize(long size, long elements) {
    if (size > 0 && size <= LARGEST_SIZE && sizes.size() < MOST) {
      sizes.add(size);
    }
    return size > MOST_ELEMENTS ? MOST_ELEMENTS + 1L : Math.min(elements * size, LARGEST_SIZE);
  }

  private void addWord(String word) {
    if (words.size() < MOST && word.length() <= 256) {
      words.add(word);
    }
  }

  private void addNumber(double number) {
    if (numbers.size() < MOST && Double.isFinite(number)) {
      numbers.add(number);
    }
  }
}
