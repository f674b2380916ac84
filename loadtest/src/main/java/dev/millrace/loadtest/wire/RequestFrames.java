// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;

/**
 * One message as it goes on the wire, gRPC's prefix in front, in memory that is sent from again and
 * again: small ones are copied into a buffer of many frames, large ones written where they lie.
 */
public final class RequestFrames {
  private static final int PREFIX_BYTES = 5;

  private final byte[] bytes;
  private final ByteBuf direct;

  /**
   * @param message a serialised ModelInferRequest
   */
  public RequestFrames(byte[] message) {
    bytes = new byte[PREFIX_BYTES + message.length]; // the first byte, 0: not compressed
    ByteBuffer.wrap(bytes).putInt(1, message.length).position(PREFIX_BYTES).put(message);
    ByteBuffer memory = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    // shared by event loops, each with slices of its own, and never freed by one of them
    direct = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(memory));
  }

  /** Bytes with gRPC's prefix. */
  int length() {
    return bytes.length;
  }

  /** A part of it, to be written without copying. */
  ByteBuf slice(int from, int length) {
    return direct.slice(from, length);
  }

  void copyTo(ByteBuf target) {
    target.writeBytes(bytes);
  }
}
