// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a thread would like to run at a time, as Linux has it for each thread since 6.12.
 *
 * <p>That version's scheduler (EEVDF) leaves a core to whoever runs until its slice is over, to a
 * nicer thread as well, and looks whether it is only at the next tick: four milliseconds, mostly.
 * But a thread with a shorter slice that wakes up takes the core at once, unless it has had more
 * than its share. So what gives way has the longest slice that there is. It gets no more of a core
 * for it; only those that give way wait longer for each other.
 */
@SuppressWarnings("restricted") // system calls: the point of this class
final class Slice {
  private static final Logger log = LoggerFactory.getLogger(Slice.class);

  private static final long LONGEST_NANOS = 100_000_000;

  // struct sched_attr of linux/sched/types.h, as it was at first
  private static final long ATTRIBUTE_BYTES = 48;
  private static final long RUNTIME_OFFSET = 24;

  /** Numbers of system calls: glibc has functions for these two since 2.41 only. */
  private record Calls(long set, long get) {}

  private static final @Nullable Calls calls =
      switch (System.getProperty("os.name") + " " + System.getProperty("os.arch")) {
        case "Linux amd64" -> new Calls(314, 315);
        case "Linux aarch64" -> new Calls(274, 275);
        default -> null;
      };

  private static final @Nullable MethodHandle syscall = calls == null ? null : syscall();

  private Slice() {}

  private static @Nullable MethodHandle syscall() {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor type =
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);
    return linker
        .defaultLookup()
        .find("syscall")
        .map(address -> linker.downcallHandle(address, type, Linker.Option.firstVariadicArg(1)))
        .orElse(null);
  }

  /**
   * Has a thread have the longest slice; not where the kernel keeps none, or forbids it.
   *
   * @param id the system's, 0 for the calling thread
   */
  static void lengthen(int id) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attributes = read(id, arena);
      if (calls != null && runtime(attributes) > 0) {
        attributes.set(ValueLayout.JAVA_LONG, RUNTIME_OFFSET, LONGEST_NANOS);
        if (call(calls.set(), id, attributes.address(), 0, 0) != 0) {
          log.debug("thread {} keeps its slice", id);
        }
      }
    }
  }

  /**
   * A thread's, in nanoseconds; 0 if the kernel does not tell.
   *
   * @param id the system's, 0 for the calling thread
   */
  static long nanos(int id) {
    try (Arena arena = Arena.ofConfined()) {
      return runtime(read(id, arena));
    }
  }

  private static long runtime(MemorySegment attributes) {
    return attributes.get(ValueLayout.JAVA_LONG, RUNTIME_OFFSET);
  }

  /** All of a thread's attributes, or zeros. */
  private static MemorySegment read(int id, Arena arena) {
    MemorySegment attributes = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
    if (calls != null && call(calls.get(), id, attributes.address(), ATTRIBUTE_BYTES, 0) != 0) {
      attributes.fill((byte) 0);
    }
    return attributes;
  }

  private static long call(long number, long a, long b, long c, long d) {
    if (syscall == null) {
      return -1;
    }
    try {
      return (long) syscall.invokeExact(number, a, b, c, d);
    } catch (Throwable e) {
      throw new IllegalStateException("the C library was called wrongly", e);
    }
  }
}
