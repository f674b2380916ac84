// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The typed data of one input, the protocol's InferTensorContents, in two passes: {@link #count} as
 * the message is read, and, when datatype and shape are known and agree with the count, {@link
 * #toRaw}. So nothing is allocated for data that is not there or not wanted. Used again for message
 * after message.
 */
final class TypedContents {
  private static final String[] LISTS = {
    "",
    "bool_contents",
    "int_contents",
    "int64_contents",
    "uint_contents",
    "uint64_contents",
    "fp32_contents",
    "fp64_contents",
    "bytes_contents"
  };

  private static final int BOOLS = 1;
  private static final int INTS = 2;
  private static final int LONGS = 3;
  private static final int UINTS = 4;
  private static final int ULONGS = 5;
  private static final int FLOATS = 6;
  private static final int DOUBLES = 7;
  private static final int BYTES = 8;

  private boolean present;
  private final int[] counts = new int[LISTS.length];

  /** Bytes of all elements of the BYTES list, without prefixes. */
  private long textBytes;

  /** The last packed run of floats or doubles: on the wire as in memory, if it is the only one. */
  private int packedStart;

  private int packedLength;

  private int copiedBytes;

  void forget() {
    if (present) {
      present = false;
      Arrays.fill(counts, 0);
      textBytes = 0;
      packedLength = 0;
      copiedBytes = 0;
    }
  }

  /** Bytes that {@link #toRaw} had to copy to the heap. */
  int copiedBytes() {
    return copiedBytes;
  }

  /** Whether there is such a message at all, be it empty. */
  boolean present() {
    return present;
  }

  /** Reads an InferTensorContents with its length before it; several of them add up. */
  void count(WireReader in) throws MalformedException {
    present = true;
    int outer = in.pushLimit(in.varint32());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      int list = list(tag);
      if (list == 0) {
        in.skipField(tag, 2);
      } else if (list == BYTES) {
        int length = in.varint32();
        in.skip(length);
        textBytes += length;
        counts[BYTES]++;
      } else if ((tag & 7) != WireReader.LENGTH) {
        skipValue(in, list);
        counts[list]++;
      } else {
        countPacked(in, list);
      }
    }
    in.popLimit(outer);
  }

  private void countPacked(WireReader in, int list) throws MalformedException {
    int outer = in.pushLimit(in.varint32());
    if (list == FLOATS || list == DOUBLES) {
      int length = in.remaining();
      int size = list == FLOATS ? Float.BYTES : Double.BYTES;
      if (length % size != 0) {
        throw new MalformedException(length + " bytes of packed values of " + size);
      }
      if (length > 0) {
        packedStart = in.position();
        packedLength = length;
        counts[list] += length / size;
        in.skip(length);
      }
    } else {
      int count = 0;
      while (in.remaining() > 0) {
        in.varint64();
        count++;
      }
      counts[list] += count;
    }
    in.popLimit(outer);
  }

  /** The list a tag belongs to: packed, or a single value of it; 0 for a field not known. */
  private static int list(int tag) {
    int field = tag >>> 3;
    int wireType = tag & 7;
    if (field > BYTES) {
      return 0;
    }
    if (wireType == WireReader.LENGTH || wireType == singleWireType(field)) {
      return field;
    }
    return 0;
  }

  private static int singleWireType(int list) {
    return switch (list) {
      case FLOATS -> WireReader.FIXED32;
      case DOUBLES -> WireReader.FIXED64;
      case BYTES -> WireReader.LENGTH;
      default -> WireReader.VARINT;
    };
  }

  private static void skipValue(WireReader in, int list) throws MalformedException {
    switch (list) {
      case FLOATS -> in.skip(Float.BYTES);
      case DOUBLES -> in.skip(Double.BYTES);
      default -> in.varint64();
    }
  }

  /** The values in the raw layout, from the wire in place where it is the same. */
  ByteBuffer[] toRaw(WireReader in, InputDraft input, DataType type, long[] shape, long elements)
      throws MalformedException, InferException {
    int list = listOf(type);
    check(input, type, list, shape, elements);
    if (elements == 0) {
      return in.message().view(0, 0);
    }
    int size = type.byteSize();
    if ((list == FLOATS || list == DOUBLES) && packedLength == elements * size) {
      return in.message().view(packedStart, packedLength);
    }
    long bytes = list == BYTES ? textBytes + elements * Integer.BYTES : elements * size;
    if (bytes > InferResponseEncoder.MAX_BYTES) {
      throw input.invalid(
          bytes + " bytes of data (expected at most " + InferResponseEncoder.MAX_BYTES + ")");
    }
    copiedBytes = (int) bytes;
    ByteBuffer raw = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    in.seek(input.start(), input.end());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      if (tag == InputDraft.CONTENTS) {
        copyList(in, list, input, type, raw);
      } else {
        in.skipField(tag, 1);
      }
    }
    return new ByteBuffer[] {raw.flip()};
  }

  private void check(InputDraft input, DataType type, int list, long[] shape, long elements)
      throws InferException {
    for (int other = 1; other < counts.length; other++) {
      if (other != list && counts[other] > 0) {
        throw input.invalid(
            counts[other]
                + " values in "
                + LISTS[other]
                + " (expected "
                + type
                + (list == 0 ? " in raw_input_contents)" : " in " + LISTS[list] + ")"));
      }
    }
    if (list == 0 && elements > 0) {
      throw input.invalid("no data (expected " + type + " in raw_input_contents)");
    }
    if (counts[list] != elements) {
      throw input.invalid(
          counts[list]
              + " values in "
              + LISTS[list]
              + " (expected "
              + elements
              + " for "
              + Shapes.format(shape)
              + ")");
    }
  }

  /** The list that has values of a type; 0 where the protocol has none. */
  private static int listOf(DataType type) {
    return switch (type) {
      case BOOL -> BOOLS;
      case INT8, INT16, INT32 -> INTS;
      case INT64 -> LONGS;
      case UINT8, UINT16, UINT32 -> UINTS;
      case UINT64 -> ULONGS;
      case FP32 -> FLOATS;
      case FP64 -> DOUBLES;
      case BYTES -> BYTES;
      case FP16, BF16 -> 0;
    };
  }

  private static void copyList(
      WireReader in, int list, InputDraft input, DataType type, ByteBuffer raw)
      throws MalformedException, InferException {
    int outer = in.pushLimit(in.varint32());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      if (list(tag) != list) {
        in.skipField(tag, 2);
      } else if (list == BYTES) {
        int length = in.varint32();
        raw.putInt(length);
        in.message().copy(in.position(), length, raw);
        in.skip(length);
      } else if ((tag & 7) != WireReader.LENGTH) {
        copyValue(in, input, type, raw);
      } else {
        int around = in.pushLimit(in.varint32());
        while (in.remaining() > 0) {
          copyValue(in, input, type, raw);
        }
        in.popLimit(around);
      }
    }
    in.popLimit(outer);
  }

  private static void copyValue(WireReader in, InputDraft input, DataType type, ByteBuffer raw)
      throws MalformedException, InferException {
    switch (type) {
      case BOOL -> raw.put((byte) (in.varint64() != 0 ? 1 : 0));
      case INT8 -> raw.put((byte) inRange(in.varint32(), -128, 127, input, type));
      case INT16 -> raw.putShort((short) inRange(in.varint32(), -32_768, 32_767, input, type));
      case UINT8 -> raw.put((byte) inRange(unsigned(in), 0, 255, input, type));
      case UINT16 -> raw.putShort((short) inRange(unsigned(in), 0, 65_535, input, type));
      case INT32, UINT32 -> raw.putInt(in.varint32());
      case INT64, UINT64 -> raw.putLong(in.varint64());
      case FP32 -> raw.putInt(in.fixed32());
      case FP64 -> raw.putLong(in.fixed64());
      case FP16, BF16, BYTES -> throw new IllegalStateException("no list of numbers for " + type);
    }
  }

  private static long unsigned(WireReader in) throws MalformedException {
    return Integer.toUnsignedLong(in.varint32());
  }

  private static long inRange(long value, long least, long most, InputDraft input, DataType type)
      throws InferException {
    if (value < least || value > most) {
      throw input.invalid(
          "value " + value + " for " + type + " (expected " + least + ".." + most + ")");
    }
    return value;
  }
}
