// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the handlers of a service run on threads of their own, a call's one after the other: they
 * wait for disks and locks, which event loops must not.
 */
final class OffLoop implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(OffLoop.class);

  private final Executor threads;

  OffLoop(Executor threads) {
    this.threads = threads;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    InOrder inOrder = new InOrder(threads, failure -> fail(call, failure));
    return new ServerCall.Listener<>() {
      @Override
      public void onMessage(Q message) {
        inOrder.run(() -> listener.onMessage(message));
      }

      @Override
      public void onHalfClose() {
        inOrder.run(listener::onHalfClose);
      }

      @Override
      public void onCancel() {
        inOrder.run(listener::onCancel);
      }

      @Override
      public void onComplete() {
        inOrder.run(listener::onComplete);
      }

      @Override
      public void onReady() {
        inOrder.run(listener::onReady);
      }
    };
  }

  private static void fail(ServerCall<?, ?> call, Throwable failure) {
    log.error("{} failed", call.getMethodDescriptor().getFullMethodName(), failure);
    try {
      call.close(Status.INTERNAL.withDescription("the gateway failed: " + failure), new Metadata());
    } catch (IllegalStateException e) {
      log.debug("it was closed already", e);
    }
  }

  /** Runs tasks in their order, on some thread while there are any. */
  private static final class InOrder {
    private final Executor threads;
    private final Consumer<Throwable> onFailure;

    // guarded by this
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    InOrder(Executor threads, Consumer<Throwable> onFailure) {
      this.threads = threads;
      this.onFailure = onFailure;
    }

    synchronized void run(Runnable task) {
      tasks.add(task);
      if (!running) {
        running = true;
        threads.execute(this::runAll);
      }
    }

    private void runAll() {
      for (Runnable task = next(); task != null; task = next()) {
        try {
          task.run();
        } catch (RuntimeException | Error e) {
          onFailure.accept(e); // those to come release what the call holds
        }
      }
    }

    private synchronized @Nullable Runnable next() {
      Runnable task = tasks.poll();
      running = task != null;
      return task;
    }
  }
}
