// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * A session's inputs and outputs at addresses of a GPU, by ORT's C API: its Java binding knows
 * tensors in the processor's memory only. One thread.
 */
final class IoBinding implements AutoCloseable {
  /** What ORT calls the memory of NVIDIA's GPUs. */
  private static final String MEMORY = "Cuda";

  /** Not of an arena of ORT's: memory that somebody else owns. */
  private static final long DEVICE_ALLOCATOR = 0;

  private static final long DEFAULT_MEMORY = 0;

  private static final MethodHandle createTensor = OrtApi.function(49, 7);
  private static final MethodHandle createMemoryInfo = OrtApi.function(68, 5);
  private static final MethodHandle releaseMemoryInfo = OrtApi.procedure(94, 1);
  private static final MethodHandle releaseValue = OrtApi.procedure(96, 1);
  private static final MethodHandle run = OrtApi.function(133, 3);
  private static final MethodHandle create = OrtApi.function(134, 2);
  private static final MethodHandle release = OrtApi.procedure(135, 1);
  private static final MethodHandle bindInput = OrtApi.function(136, 3);
  private static final MethodHandle bindOutput = OrtApi.function(137, 3);

  private final long session;
  private final long handle;
  private final long memoryInfo;
  private final List<Long> values = new ArrayList<>();

  /**
   * @param gpu its number
   */
  IoBinding(OrtSession session, int gpu) throws OrtException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(OrtApi.LONG);
      this.session = OrtApi.handle(session);
      OrtApi.check(
          (long)
              createMemoryInfo.invokeExact(
                  arena.allocateFrom(MEMORY).address(),
                  DEVICE_ALLOCATOR,
                  (long) gpu,
                  DEFAULT_MEMORY,
                  out.address()));
      memoryInfo = out.get(OrtApi.LONG, 0);
      handle = create(this.session, memoryInfo, out);
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  private static long create(long session, long memoryInfo, MemorySegment out) throws Throwable {
    try {
      OrtApi.check((long) create.invokeExact(session, out.address()));
      return out.get(OrtApi.LONG, 0);
    } catch (OrtException e) {
      releaseMemoryInfo.invokeExact(memoryInfo);
      throw e;
    }
  }

  /** Where an input is read. */
  void input(String name, Tensor tensor) throws OrtException {
    bind(bindInput, name, tensor);
  }

  /** Where an output is written. */
  void output(String name, Tensor tensor) throws OrtException {
    bind(bindOutput, name, tensor);
  }

  /**
   * A tensor in memory of the GPU.
   *
   * @param elementType ONNX's number
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once
  record Tensor(long address, long bytes, int elementType, long[] shape) {}

  private void bind(MethodHandle function, String name, Tensor tensor) throws OrtException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(OrtApi.LONG);
      OrtApi.check(
          (long)
              createTensor.invokeExact(
                  memoryInfo,
                  tensor.address,
                  tensor.bytes,
                  arena.allocateFrom(OrtApi.LONG, tensor.shape).address(),
                  (long) tensor.shape.length,
                  (long) tensor.elementType,
                  out.address()));
      long value = out.get(OrtApi.LONG, 0);
      values.add(value);
      OrtApi.check((long) function.invokeExact(handle, arena.allocateFrom(name).address(), value));
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** Runs the session on what is bound. */
  void run(OrtSession.RunOptions options) throws OrtException {
    try {
      OrtApi.check((long) run.invokeExact(session, OrtApi.handle(options), handle));
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  @Override
  public void close() {
    try {
      release.invokeExact(handle);
      for (long value : values) {
        releaseValue.invokeExact(value);
      }
      releaseMemoryInfo.invokeExact(memoryInfo);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
