// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The few functions of CUDA's runtime library that ORT's Java binding has nothing for: memory of a
 * GPU, memory that it copies from by itself, and copies. Of the library that ORT's provider has
 * loaded.
 *
 * <p>Failures read as ORT's own do, so that whoever reads those understands them too.
 */
@SuppressWarnings("restricted") // downcalls: the point of this class
final class CudaRuntime {
  /** Kinds of copies. */
  private static final int TO_GPU = 1;

  private static final int FROM_GPU = 2;

  /** Memory that is pinned for all GPUs, not only for the current one. */
  private static final int PORTABLE = 1;

  /** Of copies that name none. */
  private static final long DEFAULT_STREAM = 0;

  private static final int SUCCESS = 0;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static volatile @Nullable CudaRuntime found;

  private final MethodHandle setDevice;
  private final MethodHandle errorString;
  private final MethodHandle lastError;
  private final MethodHandle register;
  private final MethodHandle unregister;
  private final MethodHandle allocate;
  private final MethodHandle free;
  private final MethodHandle clear;
  private final MethodHandle copy;
  private final MethodHandle synchronize;

  CudaRuntime(SymbolLookup library) {
    setDevice = function(library, "cudaSetDevice", INT);
    errorString = function(library, "cudaGetErrorString", FunctionDescriptor.of(LONG, INT));
    lastError = function(library, "cudaGetLastError");
    register = function(library, "cudaHostRegister", LONG, LONG, INT);
    unregister = function(library, "cudaHostUnregister", LONG);
    allocate = function(library, "cudaMalloc", LONG, LONG);
    free = function(library, "cudaFree", LONG);
    clear = function(library, "cudaMemset", LONG, INT, LONG);
    copy = function(library, "cudaMemcpy", LONG, LONG, LONG, INT);
    synchronize = function(library, "cudaStreamSynchronize", LONG);
  }

  /**
   * The one that ORT's provider for CUDA uses.
   *
   * @throws OrtException if there is none, which is so until that provider has been loaded
   */
  static CudaRuntime find() throws OrtException {
    CudaRuntime known = found;
    if (known == null) {
      known = load(CudaLibrary.ofThisProcess());
      found = known;
    }
    return known;
  }

  /**
   * Loads it, which finds the one that is loaded already: the linker knows it by its name.
   *
   * @param name as the provider asks for it
   */
  static CudaRuntime load(String name) throws OrtException {
    try {
      // never unloaded: the driver has threads of its own
      return new CudaRuntime(SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException | NoSuchElementException e) {
      throw new OrtException("no CUDA runtime, because of %s: %s".formatted(name, e.getMessage()));
    }
  }

  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... parameters) {
    return function(library, name, FunctionDescriptor.of(INT, parameters));
  }

  private static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
  }

  /** The GPU that this thread's calls are about; without it, a thread means GPU 0. */
  void use(int gpu) throws OrtException {
    try {
      check((int) setDevice.invokeExact(gpu), "cudaSetDevice");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** Pins memory. */
  void register(MemorySegment memory) throws OrtException {
    try {
      check(
          (int) register.invokeExact(memory.address(), memory.byteSize(), PORTABLE),
          "cudaHostRegister");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** Memory is no longer pinned. */
  void unregister(MemorySegment memory) throws OrtException {
    try {
      check((int) unregister.invokeExact(memory.address()), "cudaHostUnregister");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** The address of new memory of the GPU. */
  long allocate(long bytes) throws OrtException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(LONG);
      check((int) allocate.invokeExact(out.address(), bytes), "cudaMalloc");
      return out.get(LONG, 0);
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** Sets memory of the GPU to zeros; done after {@link #awaitCopies}. */
  void clear(long address, long bytes) throws OrtException {
    try {
      check((int) clear.invokeExact(address, 0, bytes), "cudaMemset");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  void free(long address) throws OrtException {
    try {
      check((int) free.invokeExact(address), "cudaFree");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /**
   * Copies to the GPU. Out of memory that is not pinned it may not have arrived before {@link
   * #awaitCopies}.
   */
  void copyTo(long gpuAddress, MemorySegment source, long bytes) throws OrtException {
    copy(gpuAddress, source.address(), bytes, TO_GPU);
  }

  /** Waits for this thread's copies, and for memory to be cleared. */
  void awaitCopies() throws OrtException {
    try {
      check((int) synchronize.invokeExact(DEFAULT_STREAM), "cudaStreamSynchronize");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  /** Copies from the GPU, after all that was begun there before; done when it returns. */
  void copyFrom(long gpuAddress, MemorySegment target, long bytes) throws OrtException {
    copy(target.address(), gpuAddress, bytes, FROM_GPU);
  }

  private void copy(long target, long source, long bytes, int kind) throws OrtException {
    try {
      check((int) copy.invokeExact(target, source, bytes, kind), "cudaMemcpy");
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  private void check(int code, String function) throws Throwable {
    if (code != SUCCESS) {
      // CUDA keeps it for the thread until it is asked, and ORT would take it for one of its own
      int ignored = (int) lastError.invokeExact();
      long text = (long) errorString.invokeExact(code);
      throw new OrtException(
          "CUDA failure %d: %s ; expr=%s"
              .formatted(code, OrtApi.view(text, Long.MAX_VALUE).getString(0), function));
    }
  }
}
