// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads protobuf's wire format from memory that lies in several slices, as a transport left them.
 * Offsets are counted over the whole message. It accepts what protobuf's own reader accepts:
 * varints of up to ten bytes (cut to 32 bits where a 32-bit value is due), unknown fields of every
 * wire type, groups of up to {@link #MAX_DEPTH} levels.
 *
 * <p>What is read passes through a small window on the heap, filled in one go wherever reading goes
 * on: bytes of an array are cheaper to get at one by one than those of a direct buffer, and the
 * ends of the slices are of no concern any more. What is skipped, tensors above all, is never
 * copied.
 *
 * <p>Made for many messages, one after the other, by one thread: fill the {@link #message}, {@link
 * #start}, read, {@link #clear}.
 */
final class WireReader {
  /** Levels of messages and groups within each other, as in protobuf. */
  static final int MAX_DEPTH = 100;

  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int LENGTH = 2;
  static final int GROUP = 3;
  static final int END_GROUP = 4;
  static final int FIXED32 = 5;

  static final String ENDLESS_VARINT = "a varint of more than 10 bytes";

  /** 1 KiB: all of a small request, or all but the tensors of a large one. */
  static final int WINDOW = 1024;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final StringCache strings = new StringCache();
  private final MessageSlices message = new MessageSlices();
  private final byte[] window;
  private final ByteBuffer windowTarget;

  /** Offset in the message of the window's first byte. */
  private int windowStart;

  /** Offset in the message after the window's last byte. */
  private int windowEnd;

  private int position;
  private int limit;

  /** Up to where bytes may be taken from the window: the nearer of its end and the limit. */
  private int readable;

  /**
   * @param windowSize how many bytes to read at once, at least {@link StringCache#MAX_LENGTH}
   */
  WireReader(int windowSize) {
    window = new byte[windowSize];
    windowTarget = ByteBuffer.wrap(window);
  }

  /** The bytes of the message, to be filled in before {@link #start}. */
  MessageSlices message() {
    return message;
  }

  void start() {
    seek(0, message.length());
  }

  /** Forgets the message; views made of it stay as they are. */
  void clear() {
    message.clear();
    windowStart = 0;
    windowEnd = 0;
    seek(0, 0);
  }

  int position() {
    return position;
  }

  int remaining() {
    return limit - position;
  }

  /** Goes to an offset of the message, forward or back; reading then ends at {@code newLimit}. */
  void seek(int offset, int newLimit) {
    position = offset;
    limit = newLimit;
    // before the window there is nothing to read in it; behind it there is nothing anyway
    readable = offset < windowStart ? offset : Math.min(windowEnd, limit);
  }

  /**
   * Begins something of {@code length} bytes: reading ends after them.
   *
   * @return the limit so far, for {@link #popLimit}
   */
  int pushLimit(int length) throws MalformedException {
    checkLength(length);
    int outer = limit;
    limit = position + length;
    readable = Math.min(readable, limit);
    return outer;
  }

  void popLimit(int outer) {
    limit = outer;
    readable = Math.min(windowEnd, outer);
  }

  /** The next field's tag; 0 at the limit. */
  int tag() throws MalformedException {
    if (position == limit) {
      return 0;
    }
    int tag = varint32();
    if (tag >>> 3 == 0) {
      throw new MalformedException("field number 0");
    }
    return tag;
  }

  /** Whether these bytes, few enough for the window, come next. */
  boolean startsWith(byte[] bytes, int length) throws MalformedException {
    if (length > limit - position) {
      return false;
    }
    if (length > readable - position) {
      fillWindow(length);
    }
    int at = position - windowStart;
    return Arrays.equals(window, at, at + length, bytes, 0, length);
  }

  int varint32() throws MalformedException {
    byte first = next();
    return first >= 0 ? first : (int) longVarint(first);
  }

  long varint64() throws MalformedException {
    byte first = next();
    return first >= 0 ? first : longVarint(first);
  }

  private long longVarint(byte first) throws MalformedException {
    long value = first & 0x7f;
    for (int shift = 7; shift < 64; shift += 7) {
      byte next = next();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new MalformedException(ENDLESS_VARINT);
  }

  int fixed32() throws MalformedException {
    int at = take(Integer.BYTES);
    return (int) INT.get(window, at);
  }

  long fixed64() throws MalformedException {
    int at = take(Long.BYTES);
    return (long) LONG.get(window, at);
  }

  void skip(int length) throws MalformedException {
    checkLength(length);
    position += length;
  }

  /** Text with its length before it; short texts seen before come from a cache. */
  StringCache.Entry text() throws MalformedException {
    int length = varint32();
    if (length > StringCache.MAX_LENGTH) {
      return StringCache.uncached(longText(length));
    }
    return strings.get(window, take(length), length);
  }

  /** Text that differs from message to message and would only crowd the cache. */
  String uniqueText() throws MalformedException {
    int length = varint32();
    if (length > StringCache.MAX_LENGTH) {
      return longText(length);
    }
    return StringCache.decode(window, take(length), length);
  }

  private String longText(int length) throws MalformedException {
    checkLength(length);
    byte[] bytes = new byte[length];
    message.copy(position, length, ByteBuffer.wrap(bytes));
    position += length;
    return StringCache.decode(bytes, 0, length);
  }

  /**
   * Reads over the field of this tag, whatever it is.
   *
   * @param depth levels of messages around the field
   */
  void skipField(int tag, int depth) throws MalformedException {
    switch (tag & 7) {
      case VARINT -> varint64();
      case FIXED64 -> skip(8);
      case LENGTH -> skip(varint32());
      case GROUP -> skipGroup(tag, depth);
      case END_GROUP -> throw new MalformedException("an end of a group that was not begun");
      case FIXED32 -> skip(4);
      default -> throw new MalformedException("wire type " + (tag & 7));
    }
  }

  private void skipGroup(int startTag, int depth) throws MalformedException {
    if (depth >= MAX_DEPTH) {
      throw new MalformedException("more than " + MAX_DEPTH + " levels");
    }
    int endTag = (startTag & ~7) | END_GROUP;
    while (true) {
      int tag = tag();
      if (tag == endTag) {
        return;
      }
      if (tag == 0) {
        throw new MalformedException("a group without an end");
      }
      skipField(tag, depth + 1);
    }
  }

  private byte next() throws MalformedException {
    if (position >= readable) {
      fillWindow(1);
    }
    return window[position++ - windowStart];
  }

  /** Takes some bytes, few enough for the window; returns where in the window they are. */
  private int take(int length) throws MalformedException {
    if (length < 0 || length > readable - position) {
      fillWindow(length);
    }
    int at = position - windowStart;
    position += length;
    return at;
  }

  /** Has the window begin at the position. */
  private void fillWindow(int needed) throws MalformedException {
    checkLength(needed);
    int from = position;
    int end =
        Math.min(
            message.length(), from + window.length); // not only to the limit: there will be more
    windowStart = from;
    windowEnd = end;
    readable = Math.min(end, limit);
    message.copy(from, end - from, windowTarget.clear());
  }

  private void checkLength(int length) throws MalformedException {
    if (length < 0 || length > limit - position) {
      throw new MalformedException(
          "a length of "
              + Integer.toUnsignedString(length)
              + " with "
              + (limit - position)
              + " bytes left");
    }
  }
}
