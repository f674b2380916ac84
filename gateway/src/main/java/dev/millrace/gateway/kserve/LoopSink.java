// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.serving.CompletionSink;
import dev.millrace.backends.serving.LoopReplicas;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out of one event loop. Calls that are answered on the loop are sent at once; those
 * answered elsewhere gather in a lock-free stack, and one task on the loop sends all of them.
 * However many answers a batch holds, the loop is woken once.
 */
final class LoopSink implements CompletionSink, Runnable {
  private static final Logger log = LoggerFactory.getLogger(LoopSink.class);

  private final Executor loop;
  private final @Nullable Thread thread;
  private final LoopReplicas replicas;
  private final AtomicReference<@Nullable InferCall> newest = new AtomicReference<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  /**
   * @param number the loop's, in its group; below 0 for a thread that is no event loop
   * @param thread the loop's; null to have every answer wait for {@link #flush}
   */
  LoopSink(Executor loop, int number, @Nullable Thread thread) {
    this.loop = loop;
    this.thread = thread;
    this.replicas = new LoopReplicas(number, loop);
  }

  /** The replicas on this loop. */
  LoopReplicas replicas() {
    return replicas;
  }

  /** Runs a task on the loop in a while; whether there is a loop. */
  boolean later(Runnable task, long millis) {
    if (!(loop instanceof ScheduledExecutorService scheduled)) {
      return false; // an in-process transport's
    }
    scheduled.schedule(task, millis, TimeUnit.MILLISECONDS);
    return true;
  }

  /** Adds an answered call; it leaves with the next {@link #flush}, if not now. From any thread. */
  void add(InferCall call) {
    if (Thread.currentThread() == thread) {
      send(call);
      return;
    }
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
      send(call);
      call = following;
    }
  }

  private static void send(InferCall call) {
    try {
      call.send();
    } catch (RuntimeException | Error e) {
      log.error("an answer could not be sent", e); // the others can
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
