// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
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
 * <p>The table of functions is append-only: an index never changes between releases of ORT. An
 * instance belongs to one thread at a time.
 */
@SuppressWarnings("restricted") // downcalls and reinterpret: the point of this class
final class OrtMemory {
  /** Places of functions in {@code OrtApi} (onnxruntime_c_api.h). */
  private static final int GET_ERROR_MESSAGE = 2;

  private static final int RUN = 9;
  private static final int GET_TENSOR_MUTABLE_DATA = 51;
  private static final int GET_STRING_TENSOR_DATA_LENGTH = 53;
  private static final int GET_STRING_TENSOR_CONTENT = 54;
  private static final int RELEASE_STATUS = 93;
  private static final int GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER = 252;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt LITTLE_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final MethodHandle nativeHandle;
  private static final MethodHandle sessionHandle;
  private static final MethodHandle optionsHandle;
  private static final MethodHandle run;
  private static final MethodHandle getErrorMessage;
  private static final MethodHandle releaseStatus;
  private static final MethodHandle getTensorMutableData;
  private static final MethodHandle getStringTensorDataLength;
  private static final MethodHandle getStringTensorContent;
  private static final MethodHandle getResizedStringBuffer;

  static {
    try {
      Ort.environment(); // loads the library
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      nativeHandle =
          MethodHandles.privateLookupIn(OnnxTensorLike.class, lookup)
              .findGetter(OnnxTensorLike.class, "nativeHandle", long.class);
      sessionHandle =
          MethodHandles.privateLookupIn(OrtSession.class, lookup)
              .findGetter(OrtSession.class, "nativeHandle", long.class);
      optionsHandle =
          MethodHandles.privateLookupIn(OrtSession.RunOptions.class, lookup)
              .findGetter(OrtSession.RunOptions.class, "nativeHandle", long.class);
      Class<?> runtime = Class.forName("ai.onnxruntime.OnnxRuntime");
      long table =
          (long)
              MethodHandles.privateLookupIn(runtime, lookup)
                  .findStaticGetter(runtime, "ortApiHandle", long.class)
                  .invoke();
      // pointers are passed as longs: the same registers on every 64-bit platform ORT is built for
      FunctionDescriptor two = FunctionDescriptor.of(LONG, LONG, LONG);
      getErrorMessage = function(table, GET_ERROR_MESSAGE, FunctionDescriptor.of(LONG, LONG));
      releaseStatus = function(table, RELEASE_STATUS, FunctionDescriptor.ofVoid(LONG));
      run =
          function(
              table,
              RUN,
              FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG));
      getTensorMutableData = function(table, GET_TENSOR_MUTABLE_DATA, two);
      getStringTensorDataLength = function(table, GET_STRING_TENSOR_DATA_LENGTH, two);
      getStringTensorContent =
          function(
              table,
              GET_STRING_TENSOR_CONTENT,
              FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG));
      getResizedStringBuffer =
          function(
              table,
              GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER,
              FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG));
    } catch (Throwable e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final MemorySegment out = Arena.ofAuto().allocate(LONG);

  private static MethodHandle function(long table, int place, FunctionDescriptor type) {
    MemorySegment functions =
        MemorySegment.ofAddress(table).reinterpret((place + 1) * LONG.byteSize());
    return Linker.nativeLinker()
        .downcallHandle(MemorySegment.ofAddress(functions.getAtIndex(LONG, place)), type);
  }

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
      try {
        this.session = (long) sessionHandle.invokeExact(session);
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
      this.inputNames = names(feeds, arena);
      this.inputs = handles(feeds, arena);
      this.inputCount = feeds.size();
      this.outputNames = names(pins, arena);
      this.outputs = handles(pins, arena);
      this.outputCount = pins.size();
    }

    private static long names(Map<String, OnnxTensor> tensors, Arena arena) {
      MemorySegment names = arena.allocate(LONG, tensors.size());
      int i = 0;
      for (String name : tensors.keySet()) {
        names.setAtIndex(LONG, i++, arena.allocateFrom(name).address());
      }
      return names.address();
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
        check(
            (long)
                run.invokeExact(
                    session,
                    (long) optionsHandle.invokeExact(options),
                    inputNames,
                    inputs,
                    inputCount,
                    outputNames,
                    outputCount,
                    outputs));
      } catch (Throwable e) {
        throw rethrown(e);
      }
    }
  }

  /** A tensor's own memory, as long as the tensor is open. */
  ByteBuffer data(OnnxTensor tensor, long bytes) throws OrtException {
    if (bytes == 0) {
      return ByteBuffer.allocate(0);
    }
    try {
      check((long) getTensorMutableData.invokeExact(handle(tensor), out.address()));
    } catch (Throwable e) {
      throw rethrown(e);
    }
    return view(out.get(LONG, 0), bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
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
        check((long) getResizedStringBuffer.invokeExact(handle, next++, length, out.address()));
      } catch (Throwable e) {
        throw rethrown(e);
      }
      MemorySegment.copy(source, position, view(out.get(LONG, 0), length), 0, length);
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
      check((long) getStringTensorDataLength.invokeExact(handle, out.address()));
      long length = out.get(LONG, 0);
      MemorySegment content = arena.allocate(Math.max(1, length));
      MemorySegment starts = arena.allocate(LONG, count);
      check(
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
      throw rethrown(e);
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
      return (long) nativeHandle.invokeExact((OnnxTensorLike) tensor);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static MemorySegment view(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  private static void check(long status) throws Throwable {
    if (status != 0) {
      long text = (long) getErrorMessage.invokeExact(status);
      String message = view(text, Long.MAX_VALUE).getString(0);
      releaseStatus.invokeExact(status);
      throw new OrtException(message);
    }
  }

  private static RuntimeException rethrown(Throwable e) throws OrtException {
    return switch (e) {
      case OrtException failure -> throw failure;
      case RuntimeException failure -> failure;
      case Error failure -> throw failure;
      default -> new IllegalStateException(e);
    };
  }
}
