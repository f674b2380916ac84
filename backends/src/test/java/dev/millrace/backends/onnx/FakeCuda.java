// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;

/**
 * A CUDA runtime whose choice of a GPU fails as a test says; nothing else of it is to be called.
 */
@SuppressWarnings("restricted") // upcalls: there is no library to be called
final class FakeCuda {
  private static final MemorySegment NEVER_CALLED = MemorySegment.ofAddress(16);

  private final MemorySegment text;
  private final int code;

  private FakeCuda(int code, String text) {
    this.code = code;
    this.text = Arena.global().allocateFrom(text);
  }

  /** One that answers with CUDA's number of an error, and its text. */
  static CudaRuntime failing(int code, String text) {
    FakeCuda fake = new FakeCuda(code, text);
    return new CudaRuntime(name -> Optional.of(fake.function(name)));
  }

  private MemorySegment function(String name) {
    return switch (name) {
      case "cudaSetDevice" -> upcall("use", MethodType.methodType(int.class, int.class));
      case "cudaGetLastError" -> upcall("lastError", MethodType.methodType(int.class));
      case "cudaGetErrorString" -> upcall("text", MethodType.methodType(long.class, int.class));
      default -> NEVER_CALLED;
    };
  }

  private MemorySegment upcall(String method, MethodType type) {
    try {
      MethodHandle handle = MethodHandles.lookup().findVirtual(FakeCuda.class, method, type);
      FunctionDescriptor signature =
          FunctionDescriptor.of(
              type.returnType() == int.class ? ValueLayout.JAVA_INT : ValueLayout.JAVA_LONG,
              type.parameterList().stream()
                  .map(parameter -> ValueLayout.JAVA_INT)
                  .toArray(ValueLayout[]::new));
      return Linker.nativeLinker().upcallStub(handle.bindTo(this), signature, Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @SuppressWarnings("unused") // called by CudaRuntime
  private int use(int gpu) {
    return code;
  }

  @SuppressWarnings("unused")
  private int lastError() {
    return code;
  }

  @SuppressWarnings("unused")
  private long text(int error) {
    return text.address();
  }
}
