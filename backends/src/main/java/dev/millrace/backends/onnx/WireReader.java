// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;

/**
 * A cursor over the fields of one protobuf message. It looks only at tags and lengths, so a file
 * mapped into memory is walked without its weights ever being read from disk.
 */
final class WireReader {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  private final MemorySegment bytes;
  private final long end;
  private long position;
  private int field;
  private int wireType;
  private long number;
  private long fieldStart;
  private long payloadStart;
  private long payloadEnd;

  WireReader(MemorySegment bytes, long start, long end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Moves to the next field; false at the message's end. */
  boolean next() throws ModelLoadException {
    if (position >= end) {
      return false;
    }
    fieldStart = position;
    long tag = readVarint();
    if (tag >>> 3 == 0 || tag >>> 3 > 0x1fff_ffff) {
      throw malformed("no field has the tag " + Long.toUnsignedString(tag), fieldStart);
    }
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    switch (wireType) {
      case VARINT -> number = readVarint();
      case FIXED64 -> skip(8);
      case FIXED32 -> skip(4);
      case BYTES -> {
        long length = readVarint();
        payloadStart = position;
        skip(length);
        payloadEnd = position;
      }
      default -> throw malformed("unknown wire type " + wireType, fieldStart);
    }
    return true;
  }

  /** The field's number if it holds bytes or a message; 0 otherwise, so that it is skipped. */
  int bytesField() {
    return wireType == BYTES ? field : 0;
  }

  /** The field's number if it is a varint; 0 otherwise, so that it is skipped. */
  int varintField() {
    return wireType == VARINT ? field : 0;
  }

  long varint() {
    return number;
  }

  /** Where the field begins, tag included. */
  long fieldStart() {
    return fieldStart;
  }

  /** Where the next field begins. */
  long fieldEnd() {
    return position;
  }

  /** The field's message. */
  WireReader message() {
    return new WireReader(bytes, payloadStart, payloadEnd);
  }

  long payloadStart() {
    return payloadStart;
  }

  long payloadEnd() {
    return payloadEnd;
  }

  String string() {
    return new String(payload(), StandardCharsets.UTF_8);
  }

  /** A copy of the field's bytes. */
  byte[] payload() {
    return bytes.asSlice(payloadStart, payloadEnd - payloadStart).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The numbers of a packed field. */
  long[] packedVarints() throws ModelLoadException {
    WireReader packed = message();
    LongStream.Builder numbers = LongStream.builder();
    while (packed.position < packed.end) {
      numbers.add(packed.readVarint());
    }
    return numbers.build().toArray();
  }

  private long readVarint() throws ModelLoadException {
    long start = position;
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position >= end) {
        throw malformed("it is cut short", start);
      }
      byte next = bytes.get(ValueLayout.JAVA_BYTE, position++);
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw malformed("a number has no end", start);
  }

  private void skip(long length) throws ModelLoadException {
    if (length < 0 || length > end - position) {
      throw malformed(
          "it is cut short: " + Long.toUnsignedString(length) + " bytes are to follow", position);
    }
    position += length;
  }

  private static ModelLoadException malformed(String what, long at) {
    return new ModelLoadException("not an ONNX model: " + what + " (at byte " + at + ")");
  }
}
