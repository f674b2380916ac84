// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A message in several buffers with the manners of gRPC's own stream: what is skipped without a
 * mark is gone, and so is everything once the stream is closed. What is gone reads as 0xEE.
 */
final class TransportStream extends InputStream implements KnownLength, HasByteBuffer, Detachable {
  private static final byte GONE = (byte) 0xEE;

  private final List<ByteBuffer> buffers;
  private final boolean[] detached;
  private final int[] closes;
  private final int missing;
  private int index;
  private int offset;
  private boolean marked;

  private TransportStream(List<ByteBuffer> buffers, boolean[] detached, int[] closes, int missing) {
    this.buffers = buffers;
    this.detached = detached;
    this.closes = closes;
    this.missing = missing;
  }

  static TransportStream of(List<ByteBuffer> buffers) {
    return new TransportStream(buffers, new boolean[1], new int[1], 0);
  }

  static TransportStream of(byte[] message) {
    return of(message.length == 0 ? List.of() : List.of(ByteBuffer.wrap(message.clone())));
  }

  /** One that says it has bytes and has none, as a transport with a fault might. */
  static TransportStream withoutBuffers(int length) {
    return new TransportStream(List.of(), new boolean[1], new int[1], length);
  }

  /** Cut at random places, on the heap and off it, with strange bytes around each piece. */
  static TransportStream cut(byte[] message, RandomGenerator random) {
    int longest = random.nextBoolean() ? 1 + random.nextInt(3) : 1 + message.length;
    int room = message.length * 16;
    ByteBuffer memory =
        random.nextBoolean() ? ByteBuffer.allocate(room) : ByteBuffer.allocateDirect(room);
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int from = 0, at = 0; from < message.length; ) {
      int length = Math.min(1 + random.nextInt(longest), message.length - from);
      int before = random.nextInt(3);
      int size = before + length + random.nextInt(12);
      ByteBuffer piece = memory.slice(at, size);
      for (int i = 0; i < size; i++) {
        piece.put(i, GONE);
      }
      piece.put(before, message, from, length).position(before).limit(before + length);
      pieces.add(piece);
      from += length;
      at += size;
    }
    return of(pieces);
  }

  /** How often the memory was given back. */
  int closes() {
    return closes[0];
  }

  boolean isDetached() {
    return detached[0];
  }

  @Override
  public InputStream detach() {
    detached[0] = true;
    return new TransportStream(buffers, detached, closes, missing);
  }

  @Override
  public boolean byteBufferSupported() {
    return true;
  }

  @Override
  public ByteBuffer getByteBuffer() {
    if (index == buffers.size()) {
      throw new IllegalStateException("no buffers");
    }
    ByteBuffer buffer = buffers.get(index);
    return buffer.slice(buffer.position() + offset, buffer.remaining() - offset);
  }

  @Override
  public int available() {
    int available = missing - offset;
    for (int i = index; i < buffers.size(); i++) {
      available += buffers.get(i).remaining();
    }
    return available;
  }

  @Override
  public int read() {
    if (available() == 0) {
      return -1;
    }
    int value = getByteBuffer().get(0) & 0xff;
    skip(1);
    return value;
  }

  @Override
  public int read(byte[] target, int at, int length) {
    if (available() == 0) {
      return -1;
    }
    ByteBuffer buffer = getByteBuffer();
    int count = Math.min(length, buffer.remaining());
    buffer.get(0, target, at, count);
    skip(count);
    return count;
  }

  @Override
  public long skip(long length) {
    int rest = (int) Math.min(length, available());
    int skipped = rest;
    while (rest > 0) {
      ByteBuffer buffer = buffers.get(index);
      int step = Math.min(rest, buffer.remaining() - offset);
      offset += step;
      rest -= step;
      if (offset == buffer.remaining()) {
        if (!marked) {
          wipe(buffer);
        }
        index++;
        offset = 0;
      }
    }
    return skipped;
  }

  @Override
  public boolean markSupported() {
    return true;
  }

  @Override
  public synchronized void mark(int readLimit) {
    marked = true;
  }

  @Override
  public void close() {
    closes[0]++;
    buffers.forEach(TransportStream::wipe);
  }

  private static void wipe(ByteBuffer buffer) {
    for (int i = buffer.position(); i < buffer.limit(); i++) {
      buffer.put(i, GONE);
    }
  }
}
