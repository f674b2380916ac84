// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

/**
 * One entry of a request's {@code parameters}.
 *
 * @param kind which arm of the protocol's InferParameter was set
 * @param bits the value unless it is a string: 0 or 1, the integer, or the double's bits
 * @param text the value if it is a string, else empty
 */
record Parameter(String name, Kind kind, long bits, String text) {

  /** The arms of the protocol's InferParameter. */
  enum Kind {
    /** No value was set. */
    NONE,
    BOOL,
    INT64,
    STRING,
    DOUBLE,
    UINT64
  }

  boolean isInteger() {
    return kind == Kind.INT64 || kind == Kind.UINT64;
  }

  @Override
  public String toString() {
    return switch (kind) {
      case NONE -> "nothing";
      case BOOL -> bits != 0 ? "true" : "false";
      case INT64 -> Long.toString(bits);
      case STRING -> Quoted.of(text);
      case DOUBLE -> Double.toString(Double.longBitsToDouble(bits));
      case UINT64 -> Long.toUnsignedString(bits);
    };
  }
}
