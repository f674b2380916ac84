// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * Reads and writes the memory of ORT's own tensors, by ORT's C API.
 *
 * <p>ORT's Java binding copies every output that ORT allocated to the heap, and it hands strings
 * over in the JVM's "modified UTF-8": a character beyond the basic plane (an emoji) reaches the
 * model as six bytes that are no UTF-8, so that it never equals the same character in the model's
 * own vocabulary. Here an output is read where it lies, and the bytes of a string are the bytes
 * that were sent. See ADR 0004.
 *
 * <p>An instance belongs to one thread at a time.
 */
final class OrtMemory {
  /** Places of functions in {@link OrtApi}. */
  private static final int RUN = 9;

  private static final int GET_TENSOR_MUTABLE_DATA = 51;
  private static final int GET_STRING_TENSOR_DATA_LENGTH = 53;
  private static final int GET_STRING_TENSOR_CONTENT = 54;
  private static final int GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER = 252;

  private static final ValueLayout.OfLong LONG = OrtApi.LONG;
  private static final ValueLayout.OfInt LITTLE_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final MethodHandle tensorHandle = OrtApi.handleOf(OnnxTensorLike.class);
  private static final MethodHandle run = OrtApi.function(RUN, 8);
  private static final MethodHandle getTensorMutableData =
      OrtApi.function(GET_TENSOR_MUTABLE_DATA, 2);
  private static final MethodHandle getStringTensorDataLength =
      OrtApi.function(GET_STRING_TENSOR_DATA_LENGTH, 2);
  private static final MethodHandle getStringTensorContent =
      OrtApi.function(GET_STRING_TENSOR_CONTENT, 5);
  private static final MethodHandle getResizedStringBuffer =
      OrtApi.function(GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER, 4);

  private final MemorySegment out = Arena.ofAuto().allocate(LONG);

  /**
   * The addresses that a run of a session needs, laid out once: what ORT's Java binding makes of
   * its maps and strings at each run takes longer than a small model.
   *
   * <p>Good as long as session and tensors are open.
   */
  static final class PreparedRun {
    private final long session;
    private final long inputNames;
    private final long inputs;
    private final long inputCount;
    private final long outputNames;
    private final long outputs;
    private final long outputCount;

    /**
     * @param feeds all inputs by name
     * @param pins all outputs by name
     * @param arena holds the addresses
     */
    PreparedRun(
        OrtSession session,
        Map<String, OnnxTensor> feeds,
        Map<String, OnnxTensor> pins,
        Arena arena) {
      this.session = OrtApi.handle(session);
      this.inputNames = OrtApi.strings(feeds.keySet(), arena);
      this.inputs = handles(feeds, arena);
      this.inputCount = feeds.size();
      this.outputNames = OrtApi.strings(pins.keySet(), arena);
      this.outputs = handles(pins, arena);
      this.outputCount = pins.size();
    }

    private static long handles(Map<String, OnnxTensor> tensors, Arena arena) {
      MemorySegment handles = arena.allocate(LONG, tensors.size());
      int i = 0;
      for (OnnxTensor tensor : tensors.values()) {
        handles.setAtIndex(LONG, i++, handle(tensor));
      }
      return handles.address();
    }

    /** Runs; the outputs are in the pinned tensors then. */
    void run(OrtSession.RunOptions options) throws OrtException {
      try {
        OrtApi.check(
            (long)
                run.invokeExact(
                    session,
                    OrtApi.handle(options),
                    inputNames,
                    inputs,
                    inputCount,
                    outputNames,
                    outputCount,
                    outputs));
      } catch (Throwable e) {
        throw OrtApi.rethrown(e);
      }
    }
  }

  /** A tensor's own memory, as long as the tensor is open. */
  ByteBuffer data(OnnxTensor tensor, long bytes) throws OrtException {
    if (bytes == 0) {
      return ByteBuffer.allocate(0);
    }
    try {
      OrtApi.check((long) getTensorMutableData.invokeExact(handle(tensor), out.address()));
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
    return OrtApi.view(out.get(LONG, 0), bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Sets elements of a string tensor, from {@code index} on, to what a BYTES view holds.
   *
   * @return the index after them
   * @throws IllegalArgumentException if the view's bytes are not length-prefixed elements
   */
  long putStrings(OnnxTensor tensor, long index, TensorView view) throws OrtException {
    MemorySegment source = MemorySegment.ofBuffer(view.contiguous());
    long handle = handle(tensor);
    long next = index;
    long position = 0;
    while (position < source.byteSize()) {
      long length =
          source.byteSize() - position < 4
              ? -1
              : Integer.toUnsignedLong(source.get(LITTLE_INT, position));
      position += 4;
      if (length < 0 || length > source.byteSize() - position) {
        throw new IllegalArgumentException("a string element is cut short");
      }
      try {
        OrtApi.check(
            (long) getResizedStringBuffer.invokeExact(handle, next++, length, out.address()));
      } catch (Throwable e) {
        throw OrtApi.rethrown(e);
      }
      MemorySegment.copy(source, position, OrtApi.view(out.get(LONG, 0), length), 0, length);
      position += length;
    }
    return next;
  }

  /** A string tensor in wire format. */
  Strings strings(OnnxTensor tensor, int count) throws OrtException {
    int[] offsets = new int[count + 1];
    if (count == 0) {
      return new Strings(ByteBuffer.allocate(0), offsets);
    }
    long handle = handle(tensor);
    try (Arena arena = Arena.ofConfined()) {
      OrtApi.check((long) getStringTensorDataLength.invokeExact(handle, out.address()));
      long length = out.get(LONG, 0);
      MemorySegment content = arena.allocate(Math.max(1, length));
      MemorySegment starts = arena.allocate(LONG, count);
      OrtApi.check(
          (long)
              getStringTensorContent.invokeExact(
                  handle, content.address(), length, starts.address(), (long) count));
      int total = Math.toIntExact(length + 4L * count);
      MemorySegment wire = MemorySegment.ofArray(new byte[total]);
      int position = 0;
      for (int i = 0; i < count; i++) {
        long start = starts.getAtIndex(LONG, i);
        long end = i + 1 < count ? starts.getAtIndex(LONG, i + 1) : length;
        offsets[i] = position;
        wire.set(LITTLE_INT, position, (int) (end - start));
        MemorySegment.copy(content, start, wire, position + 4L, end - start);
        position += 4 + (int) (end - start);
      }
      offsets[count] = position;
      return new Strings(wire.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN), offsets);
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /**
   * A string tensor in wire format.
   *
   * @param offsets where each element's length prefix begins, and last the end
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once
  record Strings(ByteBuffer bytes, int[] offsets) {}

  private static long handle(OnnxTensor tensor) {
    if (tensor.isClosed()) {
      throw new IllegalStateException("the tensor is closed"); // ORT would take the process down
    }
    try {
      return (long) tensorHandle.invokeExact((OnnxTensorLike) tensor);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
