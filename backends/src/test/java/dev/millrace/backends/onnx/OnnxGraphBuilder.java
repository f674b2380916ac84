// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes small ONNX models for tests, byte by byte, good and bad ones alike: nothing that is said
 * here is checked.
 *
 * <p>A dimension is a number, -1 for one without a name, or a name.
 */
public final class OnnxGraphBuilder {
  private final String name;
  private final WireWriter graphParts = new WireWriter();
  private final List<WireWriter> opsets = new ArrayList<>();
  private int irVersion = 8;

  private OnnxGraphBuilder(String name) {
    this.name = name;
  }

  public static OnnxGraphBuilder named(String name) {
    return new OnnxGraphBuilder(name);
  }

  /** An attribute of a node. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Attribute(byte[] message) {
    public static Attribute of(String name, long value) {
      return new Attribute(of(name, 2).varint(3, value).toByteArray());
    }

    public static Attribute of(String name, float value) {
      return new Attribute(of(name, 1).fixed32(2, Float.floatToIntBits(value)).toByteArray());
    }

    public static Attribute of(String name, String value) {
      return new Attribute(of(name, 3).string(4, value).toByteArray());
    }

    public static Attribute ints(String name, long... values) {
      WireWriter message = of(name, 7);
      for (long value : values) {
        message.varint(8, value);
      }
      return new Attribute(message.toByteArray());
    }

    public static Attribute floats(String name, float... values) {
      WireWriter message = of(name, 6);
      for (float value : values) {
        message.fixed32(7, Float.floatToIntBits(value));
      }
      return new Attribute(message.toByteArray());
    }

    public static Attribute strings(String name, String... values) {
      WireWriter message = of(name, 8);
      for (String value : values) {
        message.string(9, value);
      }
      return new Attribute(message.toByteArray());
    }

    /** A graph inside a node, such as the body of a loop. */
    public static Attribute of(String name, OnnxGraphBuilder graph) {
      return new Attribute(of(name, 5).message(6, graph.graph()).toByteArray());
    }

    /** An element type as a number, as Cast wants it. */
    public static Attribute of(String name, DataType type) {
      return of(name, (long) ElementType.onnx(type));
    }

    private static WireWriter of(String name, int type) {
      return new WireWriter().string(1, name).varint(20, type);
    }
  }

  public OnnxGraphBuilder irVersion(int version) {
    irVersion = version;
    return this;
  }

  /** Imports the default operator set; 17 if none is imported at all. */
  public OnnxGraphBuilder opset(int version) {
    return opset("", version);
  }

  public OnnxGraphBuilder opset(String domain, int version) {
    opsets.add(new WireWriter().string(1, domain).varint(2, version));
    return this;
  }

  public OnnxGraphBuilder input(String input, DataType type, Object... dims) {
    graphParts.message(OnnxGraph.GRAPH_INPUT, tensorInfo(input, ElementType.onnx(type), dims));
    return this;
  }

  public OnnxGraphBuilder inputOfAnyRank(String input, DataType type) {
    graphParts.message(OnnxGraph.GRAPH_INPUT, anyRank(input, type));
    return this;
  }

  /** An input of an element type by ONNX's number, such as one the protocol does not have. */
  public OnnxGraphBuilder inputOfType(String input, int elementType, Object... dims) {
    graphParts.message(OnnxGraph.GRAPH_INPUT, tensorInfo(input, elementType, dims));
    return this;
  }

  public OnnxGraphBuilder output(String output, DataType type, Object... dims) {
    graphParts.message(OnnxGraph.GRAPH_OUTPUT, tensorInfo(output, ElementType.onnx(type), dims));
    return this;
  }

  public OnnxGraphBuilder outputOfAnyRank(String output, DataType type) {
    graphParts.message(OnnxGraph.GRAPH_OUTPUT, anyRank(output, type));
    return this;
  }

  /** An output without a word on its type. */
  public OnnxGraphBuilder outputWithoutType(String output) {
    graphParts.message(OnnxGraph.GRAPH_OUTPUT, new WireWriter().string(1, output));
    return this;
  }

  /** A sequence of maps from {@code key} (INT64 or BYTES) to float: what ZipMap makes. */
  public OnnxGraphBuilder outputOfMaps(String output, DataType key) {
    WireWriter values = new WireWriter().message(1, tensorType(1));
    WireWriter map = new WireWriter().varint(1, ElementType.onnx(key)).message(2, values);
    WireWriter element = new WireWriter().message(5, map);
    return outputOfSequence(output, element);
  }

  /** A sequence of float tensors. */
  public OnnxGraphBuilder outputOfSequence(String output) {
    return outputOfSequence(output, new WireWriter().message(1, tensorType(1)));
  }

  private OnnxGraphBuilder outputOfSequence(String output, WireWriter element) {
    WireWriter sequence = new WireWriter().message(1, element);
    WireWriter type = new WireWriter().message(4, sequence);
    graphParts.message(OnnxGraph.GRAPH_OUTPUT, new WireWriter().string(1, output).message(2, type));
    return this;
  }

  public OnnxGraphBuilder node(
      String opType, List<String> inputs, List<String> outputs, Attribute... attributes) {
    return nodeOf("", opType, inputs, outputs, attributes);
  }

  public OnnxGraphBuilder nodeOf(
      String domain,
      String opType,
      List<String> inputs,
      List<String> outputs,
      Attribute... attributes) {
    WireWriter node = new WireWriter();
    inputs.forEach(input -> node.string(OnnxGraph.NODE_INPUT, input));
    outputs.forEach(output -> node.string(OnnxGraph.NODE_OUTPUT, output));
    node.string(3, "node of " + String.join(",", outputs));
    node.string(OnnxGraph.NODE_OP_TYPE, opType);
    for (Attribute attribute : attributes) {
      node.bytes(5, attribute.message());
    }
    if (!domain.isEmpty()) {
      node.string(7, domain);
    }
    graphParts.message(OnnxGraph.GRAPH_NODE, node);
    return this;
  }

  public OnnxGraphBuilder initializer(String initializer, float[] values, long... dims) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return initializer(initializer, DataType.FP32, raw.array(), dims);
  }

  public OnnxGraphBuilder initializer(String initializer, long[] values, long... dims) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    raw.asLongBuffer().put(values);
    return initializer(initializer, DataType.INT64, raw.array(), dims);
  }

  public OnnxGraphBuilder initializer(String initializer, String[] values, long... dims) {
    WireWriter tensor = tensor(initializer, DataType.BYTES, dims);
    for (String value : values) {
      tensor.bytes(6, value.getBytes(StandardCharsets.UTF_8));
    }
    graphParts.message(OnnxGraph.GRAPH_INITIALIZER, tensor);
    return this;
  }

  public OnnxGraphBuilder initializer(String initializer, DataType type, byte[] raw, long... dims) {
    graphParts.message(OnnxGraph.GRAPH_INITIALIZER, tensor(initializer, type, dims).bytes(9, raw));
    return this;
  }

  /** Floats that lie in another file beside the model. */
  public OnnxGraphBuilder externalInitializer(
      String initializer, String location, long offset, long length, long... dims) {
    WireWriter tensor = tensor(initializer, DataType.FP32, dims);
    tensor.message(13, entry("location", location));
    tensor.message(13, entry("offset", Long.toString(offset)));
    tensor.message(13, entry("length", Long.toString(length)));
    tensor.varint(14, 1);
    graphParts.message(OnnxGraph.GRAPH_INITIALIZER, tensor);
    return this;
  }

  /** The model file's bytes. */
  public byte[] build() {
    if (opsets.isEmpty()) {
      opset(17);
    }
    WireWriter model = new WireWriter().varint(1, irVersion).string(2, "millrace tests");
    model.message(OnnxGraph.MODEL_GRAPH, graph());
    opsets.forEach(opset -> model.message(8, opset));
    return model.toByteArray();
  }

  private WireWriter graph() {
    return new WireWriter().raw(graphParts.toByteArray()).string(2, name);
  }

  private static WireWriter entry(String key, String value) {
    return new WireWriter().string(1, key).string(2, value);
  }

  private static WireWriter tensor(String name, DataType type, long... dims) {
    WireWriter tensor = new WireWriter();
    for (long dim : dims) {
      tensor.varint(1, dim);
    }
    return tensor.varint(2, ElementType.onnx(type)).string(8, name);
  }

  private static WireWriter anyRank(String name, DataType type) {
    return valueInfo(name, tensorType(ElementType.onnx(type)));
  }

  private static WireWriter tensorInfo(String name, int elementType, Object... dims) {
    WireWriter shape = new WireWriter();
    for (Object dim : dims) {
      WireWriter size = new WireWriter();
      if (dim instanceof Number number) {
        if (number.longValue() >= 0) {
          size.varint(1, number.longValue());
        }
      } else {
        size.string(2, dim.toString());
      }
      shape.message(1, size);
    }
    return valueInfo(name, tensorType(elementType).message(2, shape));
  }

  private static WireWriter tensorType(int elementType) {
    return new WireWriter().varint(1, elementType);
  }

  private static WireWriter valueInfo(String name, WireWriter tensorType) {
    return new WireWriter().string(1, name).message(2, new WireWriter().message(1, tensorType));
  }
}
