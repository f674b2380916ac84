// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes the fields of one protobuf message. */
final class WireWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  WireWriter varint(int field, long value) {
    putVarint(((long) field << 3) | WireReader.VARINT);
    putVarint(value);
    return this;
  }

  WireWriter string(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  WireWriter message(int field, WireWriter value) {
    return bytes(field, value.toByteArray());
  }

  WireWriter bytes(int field, byte[] value) {
    header(field, value.length);
    out.writeBytes(value);
    return this;
  }

  WireWriter fixed32(int field, int bits) {
    putVarint(((long) field << 3) | WireReader.FIXED32);
    for (int shift = 0; shift < 32; shift += 8) {
      out.write(bits >>> shift);
    }
    return this;
  }

  /** Fields that are written already. */
  WireWriter raw(byte[] fields) {
    out.writeBytes(fields);
    return this;
  }

  /** The tag and length of a field whose bytes are written by somebody else. */
  WireWriter header(int field, long length) {
    putVarint(((long) field << 3) | WireReader.BYTES);
    putVarint(length);
    return this;
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  private void putVarint(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}
