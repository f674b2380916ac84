// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.Collection;
import java.util.Collections;

/**
 * ORT's C API, for what its Java binding cannot do: functions by their places in {@code OrtApi}
 * (onnxruntime_c_api.h), and the handles in the binding's objects.
 *
 * <p>The table of functions is append-only: a place never changes between releases of ORT. Pointers
 * are passed as longs: the same registers on every 64-bit platform that ORT is built for.
 */
@SuppressWarnings("restricted") // downcalls and reinterpret: the point of this class
final class OrtApi {
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final int GET_ERROR_MESSAGE = 2;
  private static final int RELEASE_STATUS = 93;

  private static final long TABLE = table();
  private static final MethodHandle getErrorMessage = function(GET_ERROR_MESSAGE, 1);
  private static final MethodHandle releaseStatus = procedure(RELEASE_STATUS, 1);
  private static final MethodHandle sessionHandle = handleOf(OrtSession.class);
  private static final MethodHandle runOptionsHandle = handleOf(OrtSession.RunOptions.class);

  private OrtApi() {}

  private static long table() {
    Ort.environment(); // loads the library
    try {
      Class<?> runtime = Class.forName("ai.onnxruntime.OnnxRuntime");
      return (long)
          MethodHandles.privateLookupIn(runtime, MethodHandles.lookup())
              .findStaticGetter(runtime, "ortApiHandle", long.class)
              .invoke();
    } catch (Throwable e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * A function that takes so many pointers or lengths and returns a status or a pointer: all longs.
   */
  static MethodHandle function(int place, int parameters) {
    return downcall(place, FunctionDescriptor.of(LONG, longs(parameters)));
  }

  /** As {@link #function}, of those that return nothing. */
  static MethodHandle procedure(int place, int parameters) {
    return downcall(place, FunctionDescriptor.ofVoid(longs(parameters)));
  }

  private static MemoryLayout[] longs(int count) {
    return Collections.nCopies(count, LONG).toArray(MemoryLayout[]::new);
  }

  private static MethodHandle downcall(int place, FunctionDescriptor type) {
    MemorySegment functions = view(TABLE, (place + 1) * LONG.byteSize());
    return Linker.nativeLinker()
        .downcallHandle(MemorySegment.ofAddress(functions.getAtIndex(LONG, place)), type);
  }

  /** Gets the pointer that an object of ORT's Java binding stands for; {@code (T)long}. */
  static MethodHandle handleOf(Class<?> type) {
    try {
      return MethodHandles.privateLookupIn(type, MethodHandles.lookup())
          .findGetter(type, "nativeHandle", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  static long handle(OrtSession session) {
    try {
      return (long) sessionHandle.invokeExact(session);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long handle(OrtSession.RunOptions options) {
    try {
      return (long) runOptionsHandle.invokeExact(options);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Memory at an address that is known to be that large. */
  static MemorySegment view(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** Addresses of strings, one behind the other. */
  static long strings(Collection<String> strings, Arena arena) {
    MemorySegment addresses = arena.allocate(LONG, Math.max(1, strings.size()));
    int i = 0;
    for (String string : strings) {
      addresses.setAtIndex(LONG, i++, arena.allocateFrom(string).address());
    }
    return addresses.address();
  }

  /** Throws the failure that a status tells of, and frees it. */
  static void check(long status) throws Throwable {
    if (status != 0) {
      long text = (long) getErrorMessage.invokeExact(status);
      String message = view(text, Long.MAX_VALUE).getString(0);
      releaseStatus.invokeExact(status);
      throw new OrtException(message);
    }
  }

  /** What a call of a function threw, as callers know it. */
  static RuntimeException rethrown(Throwable e) throws OrtException {
    return switch (e) {
      case OrtException failure -> throw failure;
      case RuntimeException failure -> failure;
      case Error failure -> throw failure;
      default -> new IllegalStateException(e);
    };
  }
}
