// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

/** Brain floats: the upper half of a float. The JDK knows the other half-precision format. */
final class SmallFloats {
  private SmallFloats() {}

  /** Rounded to nearest, ties to even. */
  static short toBfloat16(float value) {
    int bits = Float.floatToIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  static float fromBfloat16(short value) {
    return Float.intBitsToFloat(value << 16);
  }
}
