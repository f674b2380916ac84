// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An input as found on the wire, before its data is found: raw blobs may come before the inputs or
 * after them, and a datatype after its contents. Used again for message after message.
 */
final class InputDraft {
  /** numpy's own limit; no engine takes more. */
  static final int MAX_RANK = 64;

  private static final int NAME = 10;
  private static final int DATATYPE = 18;
  private static final int SHAPE = 24;
  private static final int SHAPE_PACKED = 26;
  private static final int PARAMETERS = 34;
  static final int CONTENTS = 42;

  private String name = "";
  private StringCache.Entry datatype = StringCache.EMPTY;
  private long[] dims = new long[8];
  private int rank;

  /** The dimensions once they have been found good; one array for all requests of a head. */
  private long @Nullable [] shape;

  private int start;
  private int end;
  private boolean sharedMemory;
  private final TypedContents contents = new TypedContents();

  /** Reads an InferInputTensor with its length before it. */
  void read(WireReader in, ParameterReader parameters) throws MalformedException {
    forget();
    int outer = in.pushLimit(in.varint32());
    start = in.position();
    end = start + in.remaining();
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag) {
        case NAME -> name = in.text().text();
        case DATATYPE -> datatype = in.text();
        case SHAPE -> addDim(in.varint64());
        case SHAPE_PACKED -> {
          int around = in.pushLimit(in.varint32());
          while (in.remaining() > 0) {
            addDim(in.varint64());
          }
          in.popLimit(around);
        }
        case PARAMETERS -> {
          parameters.read(in, 1);
          sharedMemory |= parameters.name().startsWith(RequestDraft.SHARED_MEMORY);
        }
        case CONTENTS -> contents.count(in);
        default -> in.skipField(tag, 1);
      }
    }
    in.popLimit(outer);
  }

  /** Lets go of the message's strings. */
  void forget() {
    name = "";
    datatype = StringCache.EMPTY;
    rank = 0;
    shape = null;
    sharedMemory = false;
    contents.forget();
  }

  private void addDim(long dim) {
    if (rank < MAX_RANK) {
      if (rank == dims.length) {
        dims = Arrays.copyOf(dims, MAX_RANK);
      }
      dims[rank] = dim;
    }
    rank++;
  }

  String name() {
    return name;
  }

  boolean sharedMemory() {
    return sharedMemory;
  }

  TypedContents contents() {
    return contents;
  }

  int start() {
    return start;
  }

  int end() {
    return end;
  }

  DataType dataType() throws InferException {
    DataType type = datatype.dataType();
    if (type == null) {
      throw invalid(
          "datatype "
              + Quoted.of(datatype.text())
              + " (expected one of "
              + Arrays.toString(DataType.values())
              + ")");
    }
    return type;
  }

  long[] shape() throws InferException {
    if (shape != null) {
      return shape;
    }
    if (rank > MAX_RANK) {
      throw invalid("a shape of rank " + rank + " (expected at most " + MAX_RANK + ")");
    }
    long[] checked = Arrays.copyOf(dims, rank);
    for (long dim : checked) {
      if (dim < 0) {
        throw invalid("shape " + Shapes.format(checked) + " (expected no dimension below 0)");
      }
    }
    shape = checked;
    return checked;
  }

  long elements(long[] ofShape) throws InferException {
    try {
      return Shapes.elements(ofShape);
    } catch (ArithmeticException tooMany) {
      throw invalid("shape " + Shapes.format(ofShape) + " (expected fewer than 2^63 elements)");
    }
  }

  InferException invalid(String what) {
    return InferException.invalid("input " + Quoted.of(name) + ": " + what);
  }
}
