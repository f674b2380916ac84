// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.deployment.CompletionSink;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out of one event loop: calls that are answered gather in a lock-free stack, and one task
 * on the loop sends all of them. However many answers a batch holds, the loop is woken once.
 */
final class LoopSink implements CompletionSink, Runnable {
  private static final Logger log = LoggerFactory.getLogger(LoopSink.class);

  private final Executor loop;
  private final AtomicReference<@Nullable InferCall> newest = new AtomicReference<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  LoopSink(Executor loop) {
    this.loop = loop;
  }

  /** Adds an answered call; it leaves with the next {@link #flush}. From any thread. */
  void add(InferCall call) {
    InferCall head;
    do {
      head = newest.get();
      call.next = head;
    } while (!newest.compareAndSet(head, call));
  }

  @Override
  public void flush() {
    if (newest.get() != null && scheduled.compareAndSet(false, true)) {
      try {
        loop.execute(this);
      } catch (RejectedExecutionException e) {
        // the loop has ended, and its connections with it: there is nobody left to answer
        newest.set(null);
        scheduled.set(false);
      }
    }
  }

  /** On the loop: sends what has gathered, oldest first. */
  @Override
  public void run() {
    // cleared before the stack is taken: what is added from now on is either taken here, or
    // finds the flag down and schedules another run
    scheduled.set(false);
    InferCall call = oldestFirst(newest.getAndSet(null));
    while (call != null) {
      InferCall following = call.next;
      call.next = null;
      try {
        call.send();
      } catch (RuntimeException | Error e) {
        log.error("an answer could not be sent", e); // the others can
      }
      call = following;
    }
  }

  private static @Nullable InferCall oldestFirst(@Nullable InferCall newestFirst) {
    InferCall reversed = null;
    InferCall call = newestFirst;
    while (call != null) {
      InferCall older = call.next;
      call.next = reversed;
      reversed = call;
      call = older;
    }
    return reversed;
  }
}
