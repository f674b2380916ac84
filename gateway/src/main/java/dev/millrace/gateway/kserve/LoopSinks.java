// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;

/** The sinks of an event loop group, found by the thread that asks. */
public final class LoopSinks {
  private final ThreadLocal<LoopSink> ofThisThread;

  public LoopSinks(EventExecutorGroup loops) {
    // one sink a loop: the thread-local is filled once for each loop's only thread
    this.ofThisThread = ThreadLocal.withInitial(() -> sinkOfThisThread(loops));
  }

  LoopSink current() {
    return ofThisThread.get();
  }

  private static LoopSink sinkOfThisThread(EventExecutorGroup loops) {
    int number = 0;
    for (EventExecutor loop : loops) {
      if (loop.inEventLoop()) {
        return new LoopSink(loop, number, Thread.currentThread());
      }
      number++;
    }
    // not a loop's thread (an in-process transport): answer where we are
    return new LoopSink(Runnable::run, -1, null);
  }
}
