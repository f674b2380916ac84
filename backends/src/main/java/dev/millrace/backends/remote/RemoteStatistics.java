// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** What was fetched from a registry, and for how long it has not been reached. Any thread. */
public final class RemoteStatistics {
  private final LongSupplier nanoClock;
  private final LongAdder downloadedBytes = new LongAdder();
  private final LongAdder failedDownloads = new LongAdder();
  private volatile long reachedNanos;
  private final LongAdder failures = new LongAdder();
  private volatile boolean unreachable;
  private volatile boolean isLeftAlone;
  private volatile long nextTryNanos;

  /**
   * All of it at one time.
   *
   * @param unreachableNanos since it was last reached; 0 if the last call was answered
   * @param failures to answer, each of which had the registry be left alone for a while
   * @param pauseNanos until it is asked again after such a failure; 0 if it is asked
   */
  public record Snapshot(
      long downloadedBytes,
      long failedDownloads,
      long unreachableNanos,
      long failures,
      long pauseNanos) {

    /** Of two that are one registry. */
    public Snapshot plus(Snapshot other) {
      return new Snapshot(
          downloadedBytes + other.downloadedBytes,
          failedDownloads + other.failedDownloads,
          Math.max(unreachableNanos, other.unreachableNanos),
          failures + other.failures,
          Math.max(pauseNanos, other.pauseNanos));
    }
  }

  public RemoteStatistics(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.reachedNanos = nanoClock.getAsLong();
  }

  /** A call was answered, if only by that there is no such thing. */
  public void reached() {
    reachedNanos = nanoClock.getAsLong();
    unreachable = false;
  }

  /** A call was not answered, or by that we may not ask, or that the registry is broken. */
  public void notReached() {
    unreachable = true;
  }

  boolean isUnreachable() {
    return unreachable;
  }

  /** It failed, and is left alone until then. */
  void leftAlone(long untilNanos) {
    failures.increment();
    nextTryNanos = untilNanos;
    isLeftAlone = true;
  }

  /** It is asked as ever. */
  void recovered() {
    isLeftAlone = false;
  }

  void downloadFailed() {
    failedDownloads.increment();
  }

  /**
   * The same content, counted as it is read.
   *
   * @param also counts the same
   */
  InputStream counting(InputStream content, LongAdder also) {
    return new FilterInputStream(content) {
      @Override
      public int read() throws IOException {
        int read = super.read();
        count(read < 0 ? 0 : 1);
        return read;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        count(Math.max(0, read));
        return read;
      }

      private void count(int bytes) {
        downloadedBytes.add(bytes);
        also.add(bytes);
      }
    };
  }

  public Snapshot snapshot() {
    long now = nanoClock.getAsLong();
    return new Snapshot(
        downloadedBytes.sum(),
        failedDownloads.sum(),
        unreachable ? now - reachedNanos : 0,
        failures.sum(),
        isLeftAlone ? Math.max(0, nextTryNanos - now) : 0);
  }
}
