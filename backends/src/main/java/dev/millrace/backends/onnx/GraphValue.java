// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a graph declares of one of its inputs or outputs (a {@code ValueInfoProto}).
 *
 * @param kind what sort of value it is
 * @param elementType ONNX's number of a tensor's element type; {@link ElementType#UNDEFINED} if not
 *     given
 * @param dims the declared dimensions, or null if even the rank is open
 */
record GraphValue(String name, Kind kind, int elementType, @Nullable List<Dim> dims) {

  enum Kind {
    TENSOR("a tensor"),
    SPARSE_TENSOR("a sparse tensor"),
    SEQUENCE("a sequence"),
    MAP("a map"),
    OPTIONAL("an optional value"),
    OPAQUE("an opaque value");

    final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  /**
   * One declared dimension.
   *
   * @param size its size, or -1 if that is open
   * @param symbol the name of an open size, often empty
   */
  record Dim(long size, String symbol) {}

  /** The protocol's type; null if it has none for this value. */
  @Nullable DataType dataType() {
    return kind == Kind.TENSOR ? ElementType.dataType(elementType) : null;
  }

  /** Declared sizes, -1 where open; null if the rank is open. */
  long @Nullable [] shape() {
    return dims == null ? null : dims.stream().mapToLong(Dim::size).toArray();
  }

  static GraphValue read(WireReader value) throws ModelLoadException {
    String name = "";
    GraphValue type = new GraphValue("", Kind.TENSOR, ElementType.UNDEFINED, null);
    while (value.next()) {
      switch (value.bytesField()) {
        case 1 -> name = value.string();
        case 2 -> type = readType(value.message());
        default -> {}
      }
    }
    return new GraphValue(name, type.kind, type.elementType, type.dims);
  }

  private static GraphValue readType(WireReader type) throws ModelLoadException {
    GraphValue found = new GraphValue("", Kind.TENSOR, ElementType.UNDEFINED, null);
    while (type.next()) {
      switch (type.bytesField()) {
        case 1 -> found = readTensorType(type.message());
        case 4 -> found = new GraphValue("", Kind.SEQUENCE, 0, null);
        case 5 -> found = new GraphValue("", Kind.MAP, 0, null);
        case 7 -> found = new GraphValue("", Kind.OPAQUE, 0, null);
        case 8 -> found = new GraphValue("", Kind.SPARSE_TENSOR, 0, null);
        case 9 -> found = new GraphValue("", Kind.OPTIONAL, 0, null);
        default -> {}
      }
    }
    return found;
  }

  private static GraphValue readTensorType(WireReader tensor) throws ModelLoadException {
    int elementType = ElementType.UNDEFINED;
    List<Dim> dims = null;
    while (tensor.next()) {
      if (tensor.varintField() == 1) {
        elementType = (int) tensor.varint();
      } else if (tensor.bytesField() == 2) {
        dims = readShape(tensor.message());
      }
    }
    return new GraphValue("", Kind.TENSOR, elementType, dims);
  }

  private static List<Dim> readShape(WireReader shape) throws ModelLoadException {
    List<Dim> dims = new ArrayList<>();
    while (shape.next()) {
      if (shape.bytesField() == 1) {
        dims.add(readDim(shape.message()));
      }
    }
    return List.copyOf(dims);
  }

  private static Dim readDim(WireReader dim) throws ModelLoadException {
    long size = -1;
    String symbol = "";
    while (dim.next()) {
      if (dim.varintField() == 1) {
        size = Math.max(-1, dim.varint()); // some exporters write a negative size for an open one
      } else if (dim.bytesField() == 2) {
        symbol = dim.string();
      }
    }
    return new Dim(size, symbol);
  }
}
