// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies the small buffers that are written between two flushes into one. An answer is three HTTP/2
 * frames, each a buffer of a few dozen bytes with a header of its own; to keep, write and free
 * hundreds of them a flush costs the transport several times what copying them does.
 *
 * <p>Order stays as it is. The promise of a write that was copied succeeds at once, as a write to a
 * buffered stream does: it says that the bytes will leave unless the connection breaks first, and
 * then the connection's end tells everyone. A promise that waits for the transport would cost as
 * much as the write. But nothing is copied behind bytes that the transport still holds: the end of
 * an answer is not to be reported before the answer.
 *
 * <p>What has been reported as written must not be lost while the connection lives: closing waits
 * until the transport has taken it, and if it cannot, the connection ends. What cannot be copied
 * for want of memory is written as it is.
 */
final class SmallWrites extends ChannelDuplexHandler {
  /** Larger buffers are written as they are: copying them would cost more than a place in line. */
  private static final int MOST_COPIED_BYTES = 1024;

  private static final long MOST_CLOSING_SECONDS = 5;

  /** Some hundred answers. Netty's pool keeps buffers of up to this size at hand. */
  private static final int GATHERED_BYTES = 16 << 10;

  /** Without bytes from its middle, a connection's rest would be read as something else. */
  private static final ChannelFutureListener END_IF_LOST =
      written -> {
        if (!written.isSuccess()) {
          Channel.Unsafe transport = written.channel().unsafe();
          transport.close(transport.voidPromise());
        }
      };

  private @Nullable ByteBuf gathered;

  /** What was gathered last and has been given to the transport; null once closing waits for it. */
  private @Nullable ChannelFuture forwarded;

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes
        && bytes.readableBytes() <= MOST_COPIED_BYTES
        && isIdle(ctx)
        && gather(ctx, bytes)) {
      bytes.release();
      promise.trySuccess();
      return;
    }
    forward(ctx);
    ctx.write(message, promise);
  }

  /** Whether the connection is open and its transport has sent all that it was given. */
  private static boolean isIdle(ChannelHandlerContext ctx) {
    ChannelOutboundBuffer pending = ctx.channel().unsafe().outboundBuffer();
    return pending != null && pending.totalPendingWriteBytes() == 0 && ctx.channel().isActive();
  }

  /** Copies the bytes behind those gathered; false, and nothing of them is, if memory is short. */
  private boolean gather(ChannelHandlerContext ctx, ByteBuf bytes) {
    if (gathered != null && gathered.writableBytes() < bytes.readableBytes()) {
      flush(ctx); // without it, nothing more of this round could be gathered
      if (!isIdle(ctx)) {
        return false;
      }
    }
    try {
      if (gathered == null) {
        gathered = ctx.alloc().directBuffer(GATHERED_BYTES);
      }
      gathered.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
      return true;
    } catch (OutOfMemoryError e) { // Netty's own for direct memory is one
      return false;
    }
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    forward(ctx);
    ctx.flush();
  }

  /**
   * Answers that are there when a connection has been read leave at once: gRPC flushes after the
   * loop has read all the others too, which under load is some time.
   */
  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.fireChannelReadComplete();
    if (gathered != null) {
      flush(ctx);
    }
  }

  /**
   * Closes behind what was gathered. A second call does not wait for it: whoever closes again has
   * waited long enough for a peer that does not read.
   */
  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    flush(ctx);
    ChannelFuture last = forwarded;
    forwarded = null;
    if (last == null || last.isDone()) {
      ctx.close(promise);
    } else {
      last.addListener(written -> ctx.close(promise));
      // a peer that never reads again would keep the socket for ever
      ctx.executor().schedule(() -> ctx.close(), MOST_CLOSING_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (gathered != null) {
      gathered.release();
      gathered = null;
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    forward(ctx);
  }

  private void forward(ChannelHandlerContext ctx) {
    ByteBuf bytes = gathered;
    if (bytes != null) {
      gathered = null;
      forwarded = ctx.write(bytes).addListener(END_IF_LOST);
    }
  }
}
