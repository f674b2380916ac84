// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A piece of memory from ORT's allocator, which any thread may give back at once. A shared arena's
 * would be checked at each access, at a price: to close one the JVM stops all threads one after the
 * other, those that answer requests too, and a model that is replaced had seven to close. So it is
 * the owner's part to close it once, when nothing points here any more.
 *
 * @param segment zeros at first
 * @param address what the allocator knows it by
 */
record NativeMemory(MemorySegment segment, long address) implements AutoCloseable {
  /** Places of functions in {@link OrtApi}. */
  private static final int ALLOCATOR_ALLOC = 75;

  private static final int ALLOCATOR_FREE = 76;
  private static final int GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78;

  private static final MethodHandle alloc = OrtApi.function(ALLOCATOR_ALLOC, 3);
  private static final MethodHandle free = OrtApi.function(ALLOCATOR_FREE, 2);
  private static final long ALLOCATOR = allocator();

  private static long allocator() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(OrtApi.LONG);
      OrtApi.check(
          (long) OrtApi.function(GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, 1).invokeExact(out.address()));
      return out.get(OrtApi.LONG, 0);
    } catch (Throwable e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Takes memory.
   *
   * @param alignment in bytes, a power of two
   * @throws OutOfMemoryError if there is none
   */
  static NativeMemory allocate(long bytes, long alignment) {
    long most = bytes + alignment - 1;
    long address = allocate(most);
    long aligned = (address + alignment - 1) & -alignment;
    MemorySegment segment = OrtApi.view(aligned, bytes);
    segment.fill((byte) 0);
    return new NativeMemory(segment, address);
  }

  private static long allocate(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(OrtApi.LONG);
      OrtApi.check((long) alloc.invokeExact(ALLOCATOR, bytes, out.address()));
      long address = out.get(OrtApi.LONG, 0);
      if (address == 0) {
        throw new OrtException("the allocator has none");
      }
      return address;
    } catch (OrtException e) {
      throw new OutOfMemoryError("%d bytes: %s".formatted(bytes, Ort.message(e)));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    try {
      OrtApi.check((long) free.invokeExact(ALLOCATOR, address));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
