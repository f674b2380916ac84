// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The functions of {@code libnvidia-ml.so.1}, called by name. All of them return a code; one that
 * an older driver lacks returns {@link #FUNCTION_NOT_FOUND}, as the library's own stubs do.
 */
@SuppressWarnings("restricted") // downcalls: the point of this class
final class NvmlLibrary {
  /** By the driver's own name for it; the linker knows where it is. */
  static final String NAME = "libnvidia-ml.so.1";

  static final int SUCCESS = 0;
  static final int FUNCTION_NOT_FOUND = 13;

  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  private final SymbolLookup symbols;
  private final Map<String, Optional<MethodHandle>> functions = new ConcurrentHashMap<>();

  private NvmlLibrary(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /**
   * Loads it.
   *
   * @param name a file's, or one for the linker to look up
   * @return empty if there is none
   */
  static Optional<NvmlLibrary> load(String name) {
    try {
      // never unloaded: the driver has threads of its own
      return Optional.of(new NvmlLibrary(SymbolLookup.libraryLookup(name, Arena.global())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * Calls a function.
   *
   * @param arguments integers and pointers
   * @return its code
   */
  int call(String function, Object... arguments) {
    Optional<MethodHandle> handle = functions.computeIfAbsent(function, f -> find(f, arguments));
    if (handle.isEmpty()) {
      return FUNCTION_NOT_FOUND;
    }
    try {
      return (int) handle.get().invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(function, e);
    }
  }

  private Optional<MethodHandle> find(String function, Object... arguments) {
    MemoryLayout[] types =
        List.of(arguments).stream().map(NvmlLibrary::layout).toArray(MemoryLayout[]::new);
    return symbols
        .find(function)
        .map(
            address ->
                Linker.nativeLinker()
                    .downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, types)));
  }

  private static MemoryLayout layout(Object argument) {
    return switch (argument) {
      case Integer number -> ValueLayout.JAVA_INT;
      case Long number -> ValueLayout.JAVA_LONG;
      case MemorySegment pointer -> POINTER;
      default -> throw new IllegalArgumentException(String.valueOf(argument));
    };
  }
}
