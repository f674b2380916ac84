// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.Executor;

/** The sinks of an event loop group, found by the thread that asks. */
public final class LoopSinks {
  private final ThreadLocal<LoopSink> ofThisThread;

  public LoopSinks(EventExecutorGroup loops) {
    // one sink a loop: the thread-local is filled once for each loop's only thread
    this.ofThisThread = ThreadLocal.withInitial(() -> new LoopSink(loopOfThisThread(loops)));
  }

  LoopSink current() {
    return ofThisThread.get();
  }

  private static Executor loopOfThisThread(EventExecutorGroup loops) {
    for (EventExecutor loop : loops) {
      if (loop.inEventLoop()) {
        return loop;
      }
    }
    return Runnable::run; // not a loop's thread (an in-process transport): answer where we are
  }
}
