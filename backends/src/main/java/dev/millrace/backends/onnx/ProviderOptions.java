// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adds providers to a session's options by ORT's C API.
 *
 * <p>Its Java binding can do it too, but only as far as the binding's own library was compiled for
 * the provider. The one in the jar for processors was not, and would refuse the CUDA provider of a
 * runtime that has it ("This binary was not compiled with CUDA support").
 */
public final class ProviderOptions {
  private static final MethodHandle optionsHandle = OrtApi.handleOf(SessionOptions.class);

  /** By name, for providers without functions of their own. */
  private static final MethodHandle append = OrtApi.function(216, 5);

  /** Places of a provider's functions in {@link OrtApi}. */
  private record Functions(
      MethodHandle append, MethodHandle create, MethodHandle update, MethodHandle release) {
    Functions(int append, int create, int update, int release) {
      this(
          OrtApi.function(append, 2),
          OrtApi.function(create, 1),
          OrtApi.function(update, 4),
          OrtApi.procedure(release, 1));
    }
  }

  private static final Functions CUDA = new Functions(204, 205, 206, 208);
  private static final Functions TENSOR_RT = new Functions(170, 171, 172, 174);

  private ProviderOptions() {}

  /**
   * Has a session run on a GPU by CUDA.
   *
   * @param gpu its number
   * @param options by the provider's keys
   * @throws OrtException with ORT's reason; a missing library, say
   */
  public static void addCuda(SessionOptions session, int gpu, Map<String, String> options)
      throws OrtException {
    // loads the provider, out of the jar if it is there
    new OrtCUDAProviderOptions(gpu).close();
    add(CUDA, session, gpu, options);
  }

  /** As {@link #addCuda}, by TensorRT. */
  static void addTensorRt(SessionOptions session, int gpu, Map<String, String> options)
      throws OrtException {
    new OrtTensorRTProviderOptions(gpu).close();
    add(TENSOR_RT, session, gpu, options);
  }

  /** Has a session run by OpenVINO. */
  static void addOpenVino(SessionOptions session, Map<String, String> options) throws OrtException {
    try (Arena arena = Arena.ofConfined()) {
      OrtApi.check(
          (long)
              append.invokeExact(
                  (long) optionsHandle.invokeExact(session),
                  arena.allocateFrom(Providers.name(OrtProvider.OPEN_VINO)).address(),
                  OrtApi.strings(options.keySet(), arena),
                  OrtApi.strings(options.values(), arena),
                  (long) options.size()));
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }

  private static void add(
      Functions provider, SessionOptions session, int gpu, Map<String, String> options)
      throws OrtException {
    Map<String, String> all = new TreeMap<>(options);
    all.put("device_id", Integer.toString(gpu));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(OrtApi.LONG);
      OrtApi.check((long) provider.create.invokeExact(out.address()));
      long handle = out.get(OrtApi.LONG, 0);
      try {
        OrtApi.check(
            (long)
                provider.update.invokeExact(
                    handle,
                    OrtApi.strings(all.keySet(), arena),
                    OrtApi.strings(all.values(), arena),
                    (long) all.size()));
        OrtApi.check(
            (long) provider.append.invokeExact((long) optionsHandle.invokeExact(session), handle));
      } finally {
        provider.release.invokeExact(handle);
      }
    } catch (Throwable e) {
      throw OrtApi.rethrown(e);
    }
  }
}
