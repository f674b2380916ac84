// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
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
 */
final class SmallWrites extends ChannelDuplexHandler {
  /** Larger buffers are written as they are: copying them would cost more than a place in line. */
  private static final int MOST_COPIED_BYTES = 1024;

  /** Some hundred answers. Netty's pool keeps buffers of up to this size at hand. */
  private static final int GATHERED_BYTES = 16 << 10;

  private @Nullable ByteBuf gathered;

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (!(message instanceof ByteBuf bytes)
        || bytes.readableBytes() > MOST_COPIED_BYTES
        || !isIdle(ctx)) {
      forward(ctx);
      ctx.write(message, promise);
      return;
    }
    if (gathered != null && gathered.writableBytes() < bytes.readableBytes()) {
      forward(ctx);
    }
    if (gathered == null) {
      gathered = ctx.alloc().directBuffer(GATHERED_BYTES);
    }
    gathered.writeBytes(bytes);
    bytes.release();
    promise.trySuccess();
  }

  /** Whether the connection is open and its transport has sent all that it was given. */
  private static boolean isIdle(ChannelHandlerContext ctx) {
    ChannelOutboundBuffer pending = ctx.channel().unsafe().outboundBuffer();
    return pending != null && pending.totalPendingWriteBytes() == 0 && ctx.channel().isActive();
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    forward(ctx);
    ctx.flush();
  }

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    // what is said to be written has to be on its way before the connection ends
    flush(ctx);
    ctx.close(promise);
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
      ctx.write(bytes);
    }
  }
}
