// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Reads the tensors of an answer, whose contents may be raw or typed, into the raw form. */
final class AnswerDecoder {
  private AnswerDecoder() {}

  /** An answer that is none; the message says why. */
  static final class MalformedAnswerException extends Exception {
    MalformedAnswerException(String message) {
      super(message);
    }
  }

  /**
   * Reads a serialised ModelInferResponse. The tensors are copies.
   *
   * @throws MalformedAnswerException if its parts do not fit each other
   */
  static List<Tensor> decode(ByteBuf message) throws MalformedAnswerException {
    ModelInferResponse answer;
    try {
      answer = ModelInferResponse.parseFrom(CodedInputStream.newInstance(message.nioBuffer()));
    } catch (IOException e) {
      throw new MalformedAnswerException("not a ModelInferResponse: " + e.getMessage());
    }
    int raws = answer.getRawOutputContentsCount();
    if (raws != 0 && raws != answer.getOutputsCount()) {
      throw new MalformedAnswerException(
          "%d raw contents (expected one for each of %d outputs)"
              .formatted(raws, answer.getOutputsCount()));
    }
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < answer.getOutputsCount(); i++) {
      InferOutputTensor output = answer.getOutputs(i);
      DataType type = type(output);
      ByteString raw =
          raws == 0
              ? TypedContents.toRaw(type, output.getContents())
              : answer.getRawOutputContents(i);
      checkSize(output, type, raw);
      tensors.add(new Tensor(output.getName(), type, output.getShapeList(), raw));
    }
    return tensors;
  }

  private static DataType type(InferOutputTensor output) throws MalformedAnswerException {
    DataType type = DataType.of(output.getDatatype());
    if (type == null) {
      throw new MalformedAnswerException(
          "output '%s': datatype '%s'".formatted(output.getName(), output.getDatatype()));
    }
    return type;
  }

  private static void checkSize(InferOutputTensor output, DataType type, ByteString raw)
      throws MalformedAnswerException {
    for (long dim : output.getShapeList()) {
      if (dim < 0) {
        throw malformed(output, "a dimension below 0");
      }
    }
    long expected = Tensor.elements(output.getShapeList());
    long actual = type.isFixedSize() ? raw.size() / type.byteSize() : strings(output, raw);
    boolean whole = !type.isFixedSize() || raw.size() % type.byteSize() == 0;
    if (actual != expected || !whole) {
      throw malformed(output, "%d bytes of %s".formatted(raw.size(), type));
    }
  }

  /** How many strings there are, each of which lies within the contents. */
  private static long strings(InferOutputTensor output, ByteString raw)
      throws MalformedAnswerException {
    ByteBuffer left = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    long count = 0;
    while (left.hasRemaining()) {
      int length = left.remaining() < 4 ? -1 : left.getInt();
      if (length < 0 || length > left.remaining()) {
        throw malformed(output, "a string that ends beyond the contents");
      }
      left.position(left.position() + length);
      count++;
    }
    return count;
  }

  private static MalformedAnswerException malformed(InferOutputTensor output, String what) {
    return new MalformedAnswerException(
        "output '%s': shape %s with %s"
            .formatted(output.getName(), Tensor.text(output.getShapeList()), what));
  }
}
