// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/**
 * Encodes ModelInferResponse by hand: the size is known before the first byte is written, so there
 * is one allocation, and the engine's memory is copied once. Tensors are always raw, one blob for
 * each output and in the order of the outputs, since clients find them by position.
 */
final class InferResponseEncoder {
  /** What fits in an array of every JVM. */
  static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private static final byte ID = 26;
  private static final byte OUTPUT = 42;
  private static final byte RAW_OUTPUT_CONTENTS = 50;
  private static final byte SHAPE_PACKED = 26;
  private static final byte[] NO_BYTES = {};

  private InferResponseEncoder() {}

  /**
   * The answer to one request: the rows {@code rowFrom} to {@code rowFrom + rows} of a run.
   *
   * @param id the request's
   * @param outputs of the run, in the order of the template
   * @param wanted indexes of the outputs to answer with, in this order; null for all
   * @throws InferException if the answer is too large for a message
   */
  static InferResponse encodeRows(
      ResponseTemplate template,
      String id,
      OutputTensor[] outputs,
      int @Nullable [] wanted,
      int rowFrom,
      int rows)
      throws InferException {
    if (rowFrom < 0 || rows < 0) {
      throw new IllegalArgumentException(
          "rows " + rowFrom + " and " + rows + " on (expected >= 0)");
    }
    return encode(template, id, outputs, wanted, rowFrom, rows);
  }

  /** The answer to the one request of a run. */
  static InferResponse encodeWhole(
      ResponseTemplate template, String id, OutputTensor[] outputs, int @Nullable [] wanted)
      throws InferException {
    return encode(template, id, outputs, wanted, 0, -1);
  }

  private static InferResponse encode(
      ResponseTemplate template,
      String id,
      OutputTensor[] outputs,
      int @Nullable [] wanted,
      int rowFrom,
      int rows)
      throws InferException {
    byte[] idBytes = id.isEmpty() ? NO_BYTES : id.getBytes(UTF_8);
    int count = wanted == null ? template.outputCount() : wanted.length;
    long size = template.prefix().length;
    if (idBytes.length > 0) {
      size += 1 + Wire.varintSize(idBytes.length) + idBytes.length;
    }
    for (int i = 0; i < count; i++) {
      int index = wanted == null ? i : wanted[i];
      OutputTensor output = outputs[index];
      int head = headSize(template, index, output, rows);
      int data = end(output, rowFrom, rows) - begin(output, rowFrom, rows);
      size += 1 + Wire.varintSize(head) + head + 1 + Wire.varintSize(data) + data;
    }
    if (size > MAX_BYTES) {
      throw InferException.invalid(
          "a response of " + size + " bytes (expected at most " + MAX_BYTES + ")");
    }

    byte[] message = new byte[(int) size];
    int at = Wire.put(message, 0, template.prefix());
    if (idBytes.length > 0) {
      message[at++] = ID;
      at = Wire.putVarint(message, at, idBytes.length);
      at = Wire.put(message, at, idBytes);
    }
    for (int i = 0; i < count; i++) {
      int index = wanted == null ? i : wanted[i];
      at = putHead(message, at, template, index, outputs[index], rows);
    }
    for (int i = 0; i < count; i++) {
      OutputTensor output = outputs[wanted == null ? i : wanted[i]];
      int from = begin(output, rowFrom, rows);
      int length = end(output, rowFrom, rows) - from;
      message[at++] = RAW_OUTPUT_CONTENTS; // also for no bytes: positions count
      at = Wire.putVarint(message, at, length);
      output.data().get(from, message, at, length);
      at += length;
    }
    if (at != message.length) {
      throw new IllegalStateException(at + " bytes written (expected " + message.length + ")");
    }
    return new InferResponse(message);
  }

  private static int begin(OutputTensor output, int rowFrom, int rows) {
    return rows < 0 ? 0 : output.rowOffset(rowFrom);
  }

  private static int end(OutputTensor output, int rowFrom, int rows) {
    return rows < 0 ? output.byteLength() : output.rowOffset(rowFrom + rows);
  }

  /** Size of an InferOutputTensor without the tag and length before it. */
  private static int headSize(ResponseTemplate template, int index, OutputTensor output, int rows) {
    int size =
        template.outputName(index).length + ResponseTemplate.dataType(output.dataType()).length;
    int dims = dimsSize(output.shape(), rows);
    return dims == 0 ? size : size + 1 + Wire.varintSize(dims) + dims;
  }

  private static int dimsSize(long[] shape, int rows) {
    if (rows >= 0 && shape.length == 0) {
      throw new IllegalArgumentException(
          "shape " + Shapes.format(shape) + " (expected a batch axis)");
    }
    int size = 0;
    for (int i = 0; i < shape.length; i++) {
      size += Wire.varintSize(dim(shape, i, rows));
    }
    return size;
  }

  private static long dim(long[] shape, int axis, int rows) {
    return axis == 0 && rows >= 0 ? rows : shape[axis];
  }

  private static int putHead(
      byte[] message,
      int from,
      ResponseTemplate template,
      int index,
      OutputTensor output,
      int rows) {
    message[from] = OUTPUT;
    int at = Wire.putVarint(message, from + 1, headSize(template, index, output, rows));
    at = Wire.put(message, at, template.outputName(index));
    at = Wire.put(message, at, ResponseTemplate.dataType(output.dataType()));
    long[] shape = output.shape();
    if (shape.length > 0) {
      message[at++] = SHAPE_PACKED;
      at = Wire.putVarint(message, at, dimsSize(shape, rows));
      for (int axis = 0; axis < shape.length; axis++) {
        at = Wire.putVarint(message, at, dim(shape, axis, rows));
      }
    }
    return at;
  }
}
