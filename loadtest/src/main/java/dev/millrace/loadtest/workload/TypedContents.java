// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.loadtest.workload.AnswerDecoder.MalformedAnswerException;
import dev.millrace.proto.inference.InferTensorContents;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The protocol's contents by type, as raw ones. */
final class TypedContents {
  private TypedContents() {}

  /** The elements of that type's field; empty if they are in another. */
  static ByteString toRaw(DataType type, InferTensorContents contents)
      throws MalformedAnswerException {
    if (type == DataType.BYTES) {
      return strings(contents);
    }
    ByteBuffer raw =
        ByteBuffer.allocate(Math.multiplyExact(count(type, contents), type.byteSize()))
            .order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case BOOL -> contents.getBoolContentsList().forEach(e -> raw.put((byte) (e ? 1 : 0)));
      case INT8 -> contents.getIntContentsList().forEach(e -> raw.put(e.byteValue()));
      case INT16 -> contents.getIntContentsList().forEach(e -> raw.putShort(e.shortValue()));
      case INT32 -> contents.getIntContentsList().forEach(raw::putInt);
      case INT64 -> contents.getInt64ContentsList().forEach(raw::putLong);
      case UINT8 -> contents.getUintContentsList().forEach(e -> raw.put(e.byteValue()));
      case UINT16 -> contents.getUintContentsList().forEach(e -> raw.putShort(e.shortValue()));
      case UINT32 -> contents.getUintContentsList().forEach(raw::putInt);
      case UINT64 -> contents.getUint64ContentsList().forEach(raw::putLong);
      case FP32 -> contents.getFp32ContentsList().forEach(raw::putFloat);
      case FP64 -> contents.getFp64ContentsList().forEach(raw::putDouble);
      case FP16, BF16 ->
          throw new MalformedAnswerException(type + " without raw contents (it has no others)");
      case BYTES -> throw new IllegalArgumentException("BYTES");
    }
    return ByteString.copyFrom(raw.flip());
  }

  private static int count(DataType type, InferTensorContents contents) {
    return switch (type) {
      case BOOL -> contents.getBoolContentsCount();
      case INT8, INT16, INT32 -> contents.getIntContentsCount();
      case INT64 -> contents.getInt64ContentsCount();
      case UINT8, UINT16, UINT32 -> contents.getUintContentsCount();
      case UINT64 -> contents.getUint64ContentsCount();
      case FP32 -> contents.getFp32ContentsCount();
      case FP64 -> contents.getFp64ContentsCount();
      case BYTES -> contents.getBytesContentsCount();
      case FP16, BF16 -> 0;
    };
  }

  private static ByteString strings(InferTensorContents contents) {
    ByteString.Output raw = ByteString.newOutput();
    ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    for (ByteString element : contents.getBytesContentsList()) {
      raw.write(length.putInt(0, element.size()).array(), 0, 4);
      byte[] bytes = element.toByteArray();
      raw.write(bytes, 0, bytes.length);
    }
    return raw.toByteString();
  }
}
