// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Locks by name, each there while somebody holds or awaits it. Any thread. */
final class NamedLocks {
  private final Map<String, Entry> locks = new HashMap<>();

  private static final class Entry {
    final ReentrantLock lock = new ReentrantLock(true);
    int users;
  }

  /** What only one thread does at a time. */
  @FunctionalInterface
  interface Body<T> {
    T run() throws IOException;
  }

  /**
   * Waits until nobody else does something under that name, and does it.
   *
   * @throws InterruptedIOException if this thread is interrupted meanwhile
   */
  <T> T alone(String name, Body<T> body) throws IOException {
    Entry entry;
    synchronized (locks) {
      entry = locks.computeIfAbsent(name, key -> new Entry());
      entry.users++;
    }
    try {
      entry.lock.lockInterruptibly();
      try {
        return body.run();
      } finally {
        entry.lock.unlock();
      }
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      leave(name, entry);
    }
  }

  private void leave(String name, Entry entry) {
    synchronized (locks) {
      if (--entry.users == 0) {
        locks.remove(name);
      }
    }
  }

  /** An interrupt as what a fetch fails with; the thread stays interrupted. */
  static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }
}
