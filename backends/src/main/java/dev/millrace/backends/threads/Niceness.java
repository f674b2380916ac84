// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has threads that prepare what is served give way to those that serve: a core that both want is
 * the serving one's at once. With as many threads as cores, a request would otherwise wait until
 * the scheduler's slice of the other ends, which is milliseconds; see {@link Slice}, too.
 *
 * <p>Linux keeps a niceness for each thread. A thread inherits that of the one that starts it, and
 * cannot be less nice later without a privilege. So whoever gives way starts no thread that serves:
 * {@link #startServing} has that done by one that never gave way. Nothing happens on other systems.
 */
@SuppressWarnings("restricted") // calls of the C library: the point of this class
public final class Niceness {
  private static final Logger log = LoggerFactory.getLogger(Niceness.class);

  /**
   * A tenth of the weight of others: woken threads that serve run at once, and what gives way still
   * gets on where all cores are taken.
   */
  private static final int STEP = 10;

  private static final int NICEST = 19;
  private static final int WHICH_THREAD = 0; // PRIO_PROCESS, which means a thread on Linux
  private static final int CALLING = 0;

  /** Of the thread that is asked for, and -1 is an answer as well. */
  private static final @Nullable MethodHandle getPriority =
      function("getpriority", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

  private static final @Nullable MethodHandle setPriority =
      function("setpriority", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

  /**
   * Of two threads, so that a session that takes long to create does not keep replicas from
   * starting. They are there from the first use on: the first to give way has not done so yet.
   */
  private static final ThreadPoolExecutor serving =
      new ThreadPoolExecutor(
          2,
          2,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          task -> Thread.ofPlatform().name("starter").daemon().unstarted(task));

  static {
    serving.prestartAllCoreThreads();
  }

  private Niceness() {}

  /** The calling thread gives way from now on. */
  public static void giveWay() {
    giveWay(CALLING);
  }

  /**
   * A thread of this process gives way from now on, and those that it will start.
   *
   * @param id the system's, 0 for the calling one
   */
  public static void giveWay(int id) {
    if (getPriority == null || setPriority == null) {
      return;
    }
    try {
      int now = (int) getPriority.invokeExact(WHICH_THREAD, id);
      int failed = (int) setPriority.invokeExact(WHICH_THREAD, id, Math.min(now + STEP, NICEST));
      if (failed != 0) {
        log.debug("thread {} keeps its niceness of {}", id, now);
      }
      Slice.lengthen(id);
    } catch (Throwable e) {
      throw new IllegalStateException("the C library was called wrongly", e);
    }
  }

  /** Wraps the work of a thread that gives way while it does it. */
  public static Runnable givingWay(Runnable task) {
    return () -> {
      giveWay();
      task.run();
    };
  }

  /** Starts a thread that serves, whoever calls. */
  public static void startServing(Thread thread) {
    try {
      asServing(
          () -> {
            thread.start();
            return true;
          });
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(thread.getName() + " was not started", e);
    }
  }

  /**
   * Does something on a thread that never gave way, and waits for it: it may start threads that
   * serve.
   *
   * @throws Exception what the task throws
   */
  public static <T> T asServing(Callable<T> task) throws Exception {
    Future<T> future = serving.submit(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true; // what is half started cannot be left
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Exception cause) {
            throw cause;
          }
          throw (Error) e.getCause();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static @Nullable MethodHandle function(String name, ValueLayout... parameters) {
    if (!System.getProperty("os.name").equals("Linux")) {
      return null; // elsewhere a niceness is the whole process's
    }
    Linker linker = Linker.nativeLinker();
    SymbolLookup library = linker.defaultLookup();
    return library
        .find(name)
        .map(
            address ->
                linker.downcallHandle(
                    address, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters)))
        .orElse(null);
  }
}
