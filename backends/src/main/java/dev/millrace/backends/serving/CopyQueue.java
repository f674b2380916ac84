// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Copies of requests that wait for one thread, few and small enough in all. Any thread may offer.
 */
final class CopyQueue {
  /** A burst's worth: what is not run soon is as well dropped. */
  static final int MOST_COPIES = 32;

  /** Dozens of images; nothing beside what the requests of a gateway hold. */
  static final long MOST_BYTES = 32 << 20;

  // guarded by this
  private final Deque<RequestCopy> waiting = new ArrayDeque<>();
  private int copies;
  private long bytes;
  private boolean closed;

  /**
   * Copies a request, if there is room for it.
   *
   * @param view copied by this call, outside of the lock
   */
  boolean offer(RequestCopy view) {
    if (!reserve(view.bytes())) {
      return false;
    }
    RequestCopy copy;
    try {
      copy = view.copy();
    } catch (RuntimeException | Error e) {
      done(view);
      throw e;
    }
    return add(copy);
  }

  private synchronized boolean reserve(long more) {
    if (closed || copies == MOST_COPIES || bytes + more > MOST_BYTES) {
      return false;
    }
    copies++;
    bytes += more;
    return true;
  }

  private synchronized boolean add(RequestCopy copy) {
    if (closed) {
      return false;
    }
    waiting.add(copy);
    notifyAll();
    return true;
  }

  /** The next one, which counts as waiting until it is {@link #done}; empty once closed. */
  synchronized Optional<RequestCopy> take() {
    try {
      while (waiting.isEmpty() && !closed) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
    return closed ? Optional.empty() : Optional.of(waiting.remove());
  }

  /** Makes room for another one. */
  synchronized void done(RequestCopy copy) {
    copies--;
    bytes -= copy.bytes();
  }

  /**
   * Takes nothing any more, and forgets what waits.
   *
   * @return how many
   */
  synchronized int close() {
    int forgotten = waiting.size();
    closed = true;
    waiting.clear();
    notifyAll();
    return forgotten;
  }
}
