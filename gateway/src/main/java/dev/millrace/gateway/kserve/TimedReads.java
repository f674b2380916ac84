// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Sizes a connection's reads by what it takes to work them off, so that no connection keeps its
 * event loop for long: others' requests, and the answers to its own, wait meanwhile.
 *
 * <p>Bytes say little: 256 KiB of a large tensor are a few slices and take microseconds, 256 KiB of
 * small requests are a thousand calls and take milliseconds. Sixteen such reads, as many as Netty
 * allows a connection in one round, would hold up a loop for a tenth of a second. So the cost of a
 * byte is learned, for each connection by itself, and the next read is no larger than the share of
 * time allows; when the share is used up, the loop goes on to the next connection.
 *
 * <p>Two readings of the clock a read.
 */
final class TimedReads implements RecvByteBufAllocator {
  /** A hundred small requests: enough for a full batch, and a fraction of what a caller notices. */
  static final long SHARE_NANOS = 500_000;

  /**
   * A frame of HTTP/2, or a hundred small requests. In smaller reads, what each costs by itself
   * would count, and the bytes seem the dearer for it: the bound would keep itself low.
   */
  static final int LEAST_BOUND_BYTES = 16 << 10;

  private static final int LEAST_READ_BYTES = 64;
  private static final int FIRST_READ_BYTES = 4 << 10;

  /** Above Netty's 64 KiB: fewer system calls, and fewer frames that two reads share. */
  static final int MOST_READ_BYTES = 256 << 10;

  /** As Netty's own for sockets. */
  private static final int MOST_READS_OF_A_ROUND = 16;

  /** Of a new sample, in eighths: one read that was interrupted says little. */
  private static final int WEIGHT_EIGHTHS = 2;

  private final AdaptiveRecvByteBufAllocator sizes =
      new AdaptiveRecvByteBufAllocator(LEAST_READ_BYTES, FIRST_READ_BYTES, MOST_READ_BYTES);
  private final LongSupplier nanoClock;

  TimedReads(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    sizes.maxMessagesPerRead(MOST_READS_OF_A_ROUND);
  }

  @Override
  public ExtendedHandle newHandle() {
    return new TimedHandle((ExtendedHandle) sizes.newHandle());
  }

  /** One connection's; used by its event loop alone. */
  private final class TimedHandle extends DelegatingHandle implements ExtendedHandle {
    private final ExtendedHandle byBytes;
    private int boundBytes = MOST_READ_BYTES;
    private long roundBeginNanos;
    private long readEndNanos;
    private long picosPerByte;

    TimedHandle(ExtendedHandle byBytes) {
      super(byBytes);
      this.byBytes = byBytes;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator memory) {
      return memory.ioBuffer(guess());
    }

    @Override
    public int guess() {
      return Math.min(byBytes.guess(), boundBytes);
    }

    @Override
    public void reset(ChannelConfig config) {
      byBytes.reset(config);
      roundBeginNanos = 0;
    }

    /** Just read, and not yet worked off. */
    @Override
    public void lastBytesRead(int bytes) {
      byBytes.lastBytesRead(bytes);
      if (bytes > 0) {
        readEndNanos = nanoClock.getAsLong();
        if (roundBeginNanos == 0) {
          roundBeginNanos = readEndNanos;
        }
      }
    }

    /** Worked off. */
    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
      return learn() && byBytes.continueReading(maybeMore);
    }

    @Override
    public boolean continueReading() {
      return learn() && byBytes.continueReading();
    }

    /** Learns from the last read; false if the share of this round is used up. */
    private boolean learn() {
      int bytes = lastBytesRead();
      if (bytes <= 0) {
        return true;
      }
      long now = nanoClock.getAsLong();
      if (bytes >= LEAST_BOUND_BYTES / 2) { // of a few requests, the cost is that of a round
        long sample = (now - readEndNanos) * 1000 / bytes;
        picosPerByte += (sample - picosPerByte) * WEIGHT_EIGHTHS / 8;
        long affordable = SHARE_NANOS * 1000 / Math.max(1, picosPerByte);
        boundBytes = Math.clamp(affordable, LEAST_BOUND_BYTES, MOST_READ_BYTES);
      }
      return now - roundBeginNanos < SHARE_NANOS;
    }
  }
}
