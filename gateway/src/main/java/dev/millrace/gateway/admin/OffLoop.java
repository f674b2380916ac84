// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Has the handlers of a service run on threads of their own, a call's one after the other: they
 * wait for disks and locks, which event loops must not.
 */
final class OffLoop implements ServerInterceptor {

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    InOrder thread = new InOrder();
    return new ServerCall.Listener<>() {
      @Override
      public void onMessage(Q message) {
        thread.run(() -> listener.onMessage(message));
      }

      @Override
      public void onHalfClose() {
        thread.run(listener::onHalfClose);
      }

      @Override
      public void onCancel() {
        thread.run(listener::onCancel);
      }

      @Override
      public void onComplete() {
        thread.run(listener::onComplete);
      }

      @Override
      public void onReady() {
        thread.run(listener::onReady);
      }
    };
  }

  /** Runs tasks in their order, on a virtual thread while there are any. */
  private static final class InOrder {
    // guarded by this
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    synchronized void run(Runnable task) {
      tasks.add(task);
      if (!running) {
        running = true;
        Thread.ofVirtual().name("admin").start(this::runAll);
      }
    }

    private void runAll() {
      for (Runnable task = next(); task != null; task = next()) {
        task.run();
      }
    }

    @SuppressWarnings("NullAway") // null for none
    private synchronized Runnable next() {
      Runnable task = tasks.poll();
      running = task != null;
      return task;
    }
  }
}
