// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A download of one file that is given up when it brings too little, or when the thread that waits
 * for it is interrupted.
 *
 * <p>A server may send a byte now and then for ever, in an answer's head, too, and no limit of a
 * single read ends that. So a virtual thread downloads, an interrupt of which closes its
 * connection, and the caller's thread watches.
 */
final class Transfer {
  private static final Logger log = LoggerFactory.getLogger(Transfer.class);

  /** Looks in each window of time. */
  private static final int LOOKS = 60;

  /** For a thread that was interrupted. */
  private static final Duration END_GRACE = Duration.ofSeconds(5);

  private final String what;
  private final long size;
  private final LowestRate least;
  private final LongSupplier nanoClock;
  private final LongAdder received = new LongAdder();
  private volatile boolean isOpen;
  private volatile long offset;

  // the watching thread's
  private boolean isWatching;
  private long windowBeganNanos;
  private long receivedBefore;

  /**
   * @param what for messages
   * @param size in bytes
   */
  Transfer(String what, long size, LowestRate least, LongSupplier nanoClock) {
    this.what = what;
    this.size = size;
    this.least = least;
    this.nanoClock = nanoClock;
  }

  /** Counts the bytes that come. */
  LongAdder received() {
    return received;
  }

  /** Opens the content; it is watched from before that until it is closed. */
  InputStream open(long from, BlobStore.Opening opening) throws IOException {
    offset = from;
    isOpen = true;
    try {
      return new FilterInputStream(opening.at(from)) {
        @Override
        public void close() throws IOException {
          isOpen = false;
          super.close();
        }
      };
    } catch (IOException | RuntimeException e) {
      isOpen = false;
      throw e;
    }
  }

  /** Runs what downloads, and returns what it does. */
  <T> T run(Callable<T> download) throws IOException {
    FutureTask<T> task = new FutureTask<>(download);
    Thread thread = Thread.ofVirtual().name("download").start(task);
    long tickNanos = least.window().dividedBy(LOOKS).toNanos();
    try {
      while (true) {
        try {
          return task.get(tickNanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          if (isTooSlow()) {
            IOException tooSlow = tooSlow();
            end(thread);
            throw tooSlow;
          }
        }
      }
    } catch (InterruptedException e) {
      end(thread);
      throw NamedLocks.interrupted();
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  private boolean isTooSlow() {
    long now = nanoClock.getAsLong();
    if (!isOpen || !isWatching) {
      isWatching = isOpen;
      windowBeganNanos = now;
      receivedBefore = received.sum();
      return false;
    }
    if (now - windowBeganNanos < least.window().toNanos()) {
      return false;
    }
    boolean isTooSlow = received.sum() - receivedBefore < least.bytes();
    isWatching = isTooSlow; // or else in a new window
    return isTooSlow;
  }

  private IOException tooSlow() {
    long all = received.sum();
    return new IOException(
        "%s: given up after %d of %d bytes: %d bytes in the last %d s (expected %d bytes a second)"
            .formatted(
                what,
                offset + all,
                size,
                all - receivedBefore,
                (nanoClock.getAsLong() - windowBeganNanos) / 1_000_000_000,
                least.bytesPerSecond()));
  }

  private void end(Thread thread) {
    thread.interrupt();
    try {
      if (!thread.join(END_GRACE)) {
        log.warn("{}: the download does not end: not waiting for it", what);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static IOException failure(ExecutionException failed) {
    Throwable cause = failed.getCause();
    return switch (cause == null ? failed : cause) {
      case IOException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> new IOException(failed);
    };
  }
}
