// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One request under way. Owned by its connection's event loop. */
public final class Call {
  private static final int PREFIX_BYTES = 5;

  final int streamId;
  final int variant;
  final long intendedNanos;
  final RequestFrames request;

  /** When it is given up; Long.MAX_VALUE for never. */
  final long expiresNanos;

  /** Gathers the answer; null if nobody wants to look at it. */
  final @Nullable ByteBuf answer;

  /** Bytes of the message that have been sent. */
  int sent;

  /** How many more bytes of this stream the server takes now. */
  int sendWindow;

  boolean open = true;

  private long received;
  private long messageBytes;

  Call(
      int streamId,
      int variant,
      RequestFrames request,
      long intendedNanos,
      long expiresNanos,
      @Nullable ByteBuf answer,
      int sendWindow) {
    this.streamId = streamId;
    this.variant = variant;
    this.request = request;
    this.intendedNanos = intendedNanos;
    this.expiresNanos = expiresNanos;
    this.answer = answer;
    this.sendWindow = sendWindow;
  }

  /** Which of the workload's requests this is. */
  public int variant() {
    return variant;
  }

  /** When it should have been sent, and from when its latency counts. */
  public long intendedNanos() {
    return intendedNanos;
  }

  /** The serialised answer, if it was to be kept; valid while the listener is told of it. */
  public @Nullable ByteBuf answer() {
    return answer;
  }

  /** Takes what a DATA frame brought; reads all of it. */
  void receive(ByteBuf data) {
    while (received < PREFIX_BYTES && data.isReadable()) {
      // the first byte, the flag of compression, is shifted out by the fifth
      messageBytes = (messageBytes << 8 | data.readUnsignedByte()) & 0xffff_ffffL;
      received++;
    }
    received += data.readableBytes();
    if (answer != null) {
      answer.writeBytes(data);
    } else {
      data.skipBytes(data.readableBytes());
    }
  }

  /** Whether exactly one whole message has come. */
  boolean hasWholeAnswer() {
    return received == PREFIX_BYTES + messageBytes && received >= PREFIX_BYTES;
  }
}
