// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs an action when the process is asked to stop (SIGTERM, SIGINT), and lets the main thread end
 * the process afterwards with an exit code of its own.
 *
 * <p>A shutdown hook could run the action too, but then the exit code is 143 unless the hook halts
 * the JVM, which cuts off the other hooks: a flight recording or an ahead-of-time cache would be
 * lost. So the signals are handled, and the JVM exits in the ordinary way. A second signal ends the
 * process at once, for whoever does not want to wait for the drain.
 */
final class StopSignal {
  // 128 + SIGINT: what shells report for a process that Ctrl-C ended
  private static final int INTERRUPTED = 130;

  /** Something that returns when there is nothing left to wait for. */
  interface Wait {
    void await() throws InterruptedException;
  }

  private final Runnable action;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch stopped = new CountDownLatch(1);

  private StopSignal(Runnable action) {
    this.action = action;
  }

  static StopSignal install(Runnable action) {
    StopSignal stop = new StopSignal(action);
    try {
      stop.handle("TERM");
      stop.handle("INT");
    } catch (ReflectiveOperationException e) {
      // no signals (-Xrs, or a runtime without jdk.unsupported): then a hook, and its exit code
      Runtime.getRuntime().addShutdownHook(new Thread(stop::run, "stop"));
    }
    return stop;
  }

  // by reflection: javac warns about sun.misc.Signal in a way that cannot be silenced
  private void handle(String name) throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    InvocationHandler onSignal =
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "handle" -> {
                run();
                yield null;
              }
              // those of Object
              default -> method.invoke(this, arguments);
            };
    Object proxy =
        Proxy.newProxyInstance(
            StopSignal.class.getClassLoader(), new Class<?>[] {handler}, onSignal);
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
  }

  private void run() {
    if (!stopping.compareAndSet(false, true)) {
      Runtime.getRuntime().halt(INTERRUPTED);
    }
    try {
      action.run();
    } finally {
      stopped.countDown();
    }
  }

  boolean isStopping() {
    return stopping.get();
  }

  /** Waits for something that the action ends, and then for the action itself. */
  void awaitAfter(Wait ended) throws InterruptedException {
    ended.await();
    if (stopping.get()) {
      stopped.await();
    }
  }
}
