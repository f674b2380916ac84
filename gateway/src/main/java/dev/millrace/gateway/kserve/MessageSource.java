// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the bytes of a message in the stream that gRPC gives to a marshaller. A stream over the
 * transport's buffers is detached: its memory is read in place and stays ours until the detached
 * stream is closed. Any other (compressed, in-process) is read to the heap.
 */
final class MessageSource {
  /** First guess at a message of unknown length: a compressed one. */
  private static final int FIRST_READ = 4 * 1024;

  private MessageSource() {}

  /**
   * Finds the message's slices.
   *
   * @return the detached stream, to be closed exactly once when the bytes are no longer read, or
   *     null if they are on the heap
   * @throws IOException if the bytes cannot be had; nothing is held then
   */
  static @Nullable InputStream open(InputStream message, MessageSlices slices) throws IOException {
    if (message instanceof Detachable detachable
        && message instanceof HasByteBuffer buffers
        && buffers.byteBufferSupported()) {
      InputStream detached = detachable.detach();
      boolean taken = false;
      try {
        taken = addSlices(detached, slices);
        if (taken) {
          return detached;
        }
        slices.clear();
        slices.add(ByteBuffer.wrap(readAll(detached)));
        return null;
      } finally {
        if (!taken) {
          InferRequest.closeQuietly(detached);
        }
      }
    }
    slices.add(ByteBuffer.wrap(readAll(message)));
    return null;
  }

  private static boolean addSlices(InputStream detached, MessageSlices slices) throws IOException {
    if (!(detached instanceof HasByteBuffer buffers)) {
      return false;
    }
    int rest = detached.available();
    boolean first = true;
    while (rest > 0) {
      ByteBuffer bytes = buffers.getByteBuffer();
      int length = bytes == null ? 0 : bytes.remaining();
      if (bytes == null || length == 0) {
        if (!first) {
          detached.reset();
        }
        return false;
      }
      if (first && length < rest) {
        // Skipping would release what it has passed. A mark keeps it until the stream is closed.
        if (!detached.markSupported()) {
          return false;
        }
        detached.mark(rest);
      }
      slices.add(bytes);
      rest -= length;
      first = false;
      if (rest > 0 && detached.skip(length) != length) {
        throw new IOException("a buffer of " + length + " bytes that cannot be skipped");
      }
    }
    return true;
  }

  /** All bytes of the stream; no more is allocated than twice what has come. */
  private static byte[] readAll(InputStream message) throws IOException {
    byte[] bytes = new byte[message instanceof KnownLength ? message.available() + 1 : FIRST_READ];
    int length = 0;
    while (true) {
      int count = message.read(bytes, length, bytes.length - length);
      if (count < 0) {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
      }
      length += count;
      if (length == bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(Math.multiplyExact(length, 2), FIRST_READ));
      }
    }
  }
}
