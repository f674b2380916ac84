// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

/** The few things of protobuf's wire format that the encoder writes. */
final class Wire {
  private Wire() {}

  /** Bytes that a value takes as a varint. */
  static int varintSize(long value) {
    // 7 bits a byte, and one byte for 0; 9/64 is 1/7 closely enough for 1..64 bits
    return ((Long.SIZE - Long.numberOfLeadingZeros(value)) * 9 + 64) / 64;
  }

  /** Writes a varint at an index; returns the index after it. */
  static int putVarint(byte[] target, int at, long value) {
    int index = at;
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      target[index++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[index++] = (byte) rest;
    return index;
  }

  static int put(byte[] target, int at, byte[] bytes) {
    System.arraycopy(bytes, 0, target, at, bytes.length);
    return at + bytes.length;
  }

  /** A field with its length before it, of a field number below 16. */
  static byte[] field(int number, byte[] content) {
    byte[] field = new byte[1 + varintSize(content.length) + content.length];
    field[0] = (byte) (number << 3 | WireReader.LENGTH);
    put(field, putVarint(field, 1, content.length), content);
    return field;
  }
}
