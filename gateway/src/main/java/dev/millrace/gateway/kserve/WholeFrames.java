// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * Hands on what a connection brings cut at the ends of HTTP/2 frames. Netty's decoder copies every
 * byte of a read that follows an incomplete frame; so cut, only the frame that two reads share is
 * copied, which for large tensors is one byte in several instead of all.
 *
 * <p>Looks at the length of each frame and at nothing else. What cannot be frames (another
 * protocol, a frame longer than allowed) is passed on as it comes, for the decoder to say so. So is
 * all that follows when there is no memory to keep a part of a frame in.
 */
final class WholeFrames extends ChannelInboundHandlerAdapter {
  /** {@code PRI * HTTP/2.0} and so on, before the first frame (RFC 9113, section 3.4). */
  private static final int PREFACE_BYTES = 24;

  private static final byte PREFACE_BEGIN = 'P';
  private static final int HEADER_BYTES = 9;

  /** What the server allows by not saying otherwise (RFC 9113, section 6.5.2). */
  private static final int MAX_PAYLOAD_BYTES = 16_384;

  private int prefaceLeft = PREFACE_BYTES;
  private boolean passing;

  /** The frame whose end has not come yet; room for all of it. */
  private @Nullable ByteBuf partial;

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (passing || !(message instanceof ByteBuf bytes) || !isFrames(bytes)) {
      passing = true;
      passOn(ctx);
      ctx.fireChannelRead(message);
      return;
    }
    try {
      if (completePartial(ctx, bytes)) {
        keepTail(ctx, bytes);
      }
    } catch (OutOfMemoryError e) { // Netty's own for direct memory is one
      passing = true;
      passOn(ctx);
    }
    if (bytes.isReadable()) {
      ctx.fireChannelRead(bytes);
    } else {
      bytes.release();
    }
  }

  private boolean isFrames(ByteBuf bytes) {
    return prefaceLeft < PREFACE_BYTES
        || !bytes.isReadable()
        || bytes.getByte(bytes.readerIndex()) == PREFACE_BEGIN;
  }

  /** Adds to the partial frame, if there is one; true if what follows begins with a frame. */
  private boolean completePartial(ChannelHandlerContext ctx, ByteBuf bytes) {
    ByteBuf frame = partial;
    if (frame == null) {
      return true;
    }
    if (frame.writerIndex() < HEADER_BYTES) {
      move(bytes, frame, HEADER_BYTES - frame.writerIndex());
      if (frame.writerIndex() < HEADER_BYTES) {
        return false;
      }
    }
    int payload = frame.getUnsignedMedium(0);
    if (payload > MAX_PAYLOAD_BYTES) {
      passing = true;
      passOn(ctx);
      return false;
    }
    move(bytes, frame, HEADER_BYTES + payload - frame.writerIndex());
    if (frame.writerIndex() < HEADER_BYTES + payload) {
      return false;
    }
    passOn(ctx);
    return true;
  }

  /** Keeps the frame that ends in a later read. */
  private void keepTail(ChannelHandlerContext ctx, ByteBuf bytes) {
    int cut = endOfWholeFrames(bytes);
    if (cut < bytes.writerIndex()) {
      partial = ctx.alloc().directBuffer(HEADER_BYTES + MAX_PAYLOAD_BYTES);
      partial.writeBytes(bytes, cut, bytes.writerIndex() - cut);
      bytes.writerIndex(cut);
    }
  }

  private static void move(ByteBuf from, ByteBuf to, int most) {
    to.writeBytes(from, Math.min(most, from.readableBytes()));
  }

  /** Index after the last frame that is whole. */
  private int endOfWholeFrames(ByteBuf bytes) {
    int end = bytes.writerIndex();
    int preface = Math.min(prefaceLeft, bytes.readableBytes());
    prefaceLeft -= preface;
    int cut = bytes.readerIndex() + preface;
    while (end - cut >= HEADER_BYTES) {
      int payload = bytes.getUnsignedMedium(cut);
      if (payload > MAX_PAYLOAD_BYTES) {
        passing = true;
        return end;
      }
      if (end - cut - HEADER_BYTES < payload) {
        return cut;
      }
      cut += HEADER_BYTES + payload;
    }
    return cut;
  }

  /** Hands on what there is of the partial frame. */
  private void passOn(ChannelHandlerContext ctx) {
    ByteBuf frame = partial;
    partial = null;
    if (frame == null) {
      return;
    }
    if (frame.isReadable()) {
      ctx.fireChannelRead(frame);
    } else {
      frame.release();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    passOn(ctx);
    ctx.fireChannelInactive();
  }

  /** On a connection that lives on, the decoder is owed what was kept from it. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (partial != null) {
      passOn(ctx);
      ctx.fireChannelReadComplete();
    }
  }
}
