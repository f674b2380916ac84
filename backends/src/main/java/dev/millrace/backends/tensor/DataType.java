// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An element type of the Open Inference Protocol; the constant's name is the protocol's name.
 * Elements are little-endian.
 */
public enum DataType {
  BOOL(1),
  UINT8(1),
  UINT16(2),
  UINT32(4),
  UINT64(8),
  INT8(1),
  INT16(2),
  INT32(4),
  INT64(8),
  FP16(2),
  FP32(4),
  FP64(8),
  /** Byte strings: per element a little-endian uint32 length and that many bytes. */
  BYTES(0),
  BF16(2);

  private static final Map<String, DataType> BY_NAME = new HashMap<>();

  static {
    for (DataType type : values()) {
      BY_NAME.put(type.name(), type);
    }
  }

  private final int byteSize;

  DataType(int byteSize) {
    this.byteSize = byteSize;
  }

  /** Bytes of one element; 0 for BYTES, whose elements vary. */
  public int byteSize() {
    return byteSize;
  }

  public boolean isFixedSize() {
    return byteSize > 0;
  }

  /** The type of that protocol name, or null if there is none. */
  public static @Nullable DataType of(String protocolName) {
    return BY_NAME.get(protocolName);
  }
}
