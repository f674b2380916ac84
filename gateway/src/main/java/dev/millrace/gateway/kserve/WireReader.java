// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads protobuf's wire format from memory that lies in several slices, as a transport left them,
 * without joining them. Offsets are counted over the whole message. It accepts what protobuf's own
 * reader accepts: varints of up to ten bytes (cut to 32 bits where a 32-bit value is due), unknown
 * fields of every wire type, groups of up to {@link #MAX_DEPTH} levels.
 *
 * <p>Made for many messages, one after the other, by one thread: {@link #add} the slices, {@link
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

  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
  private static final ByteBuffer[] NO_BYTES = {EMPTY};

  /** Beyond this many slices the arrays are given back after the message: 1 MiB in DATA frames. */
  private static final int SLICES_KEPT = 64;

  private final StringCache strings = new StringCache();
  private @Nullable ByteBuffer[] slices = new @Nullable ByteBuffer[4];

  /** {@code ends[i]}: offset after the last byte of slice i. */
  private int[] ends = new int[4];

  private int sliceCount;
  private int sliceIndex;
  private ByteBuffer slice = EMPTY;

  /** Offset in the message of the current slice's index 0 (not of its position). */
  private int base;

  private int position;
  private int limit;

  /** The nearer of the limit and the end of the current slice. */
  private int readable;

  /** Appends a slice: the bytes between its position and limit. The buffer object becomes ours. */
  void add(ByteBuffer bytes) {
    if (!bytes.hasRemaining()) {
      return;
    }
    if (sliceCount == ends.length) {
      slices = Arrays.copyOf(slices, sliceCount * 2);
      ends = Arrays.copyOf(ends, sliceCount * 2);
    }
    slices[sliceCount] = bytes.order(ByteOrder.LITTLE_ENDIAN);
    ends[sliceCount] = Math.addExact(length(), bytes.remaining());
    sliceCount++;
  }

  /** Bytes of all slices. */
  int length() {
    return sliceCount == 0 ? 0 : ends[sliceCount - 1];
  }

  void start() {
    seek(0, length());
  }

  /** Forgets the message; views made of it stay as they are. */
  void clear() {
    if (sliceCount > SLICES_KEPT) {
      slices = new @Nullable ByteBuffer[4];
      ends = new int[4];
    } else {
      Arrays.fill(slices, 0, sliceCount, null);
    }
    sliceCount = 0;
    sliceIndex = 0;
    slice = EMPTY;
    base = 0;
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
    if (sliceCount > 0) {
      select(sliceAt(offset));
    } else {
      readable = 0;
    }
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
    readable = sliceCount == 0 ? 0 : Math.min(ends[sliceIndex], outer);
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
    if (readable - position >= 4) {
      int value = slice.getInt(position - base);
      position += 4;
      return value;
    }
    int value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= (next() & 0xff) << shift;
    }
    return value;
  }

  long fixed64() throws MalformedException {
    if (readable - position >= 8) {
      long value = slice.getLong(position - base);
      position += 8;
      return value;
    }
    return (fixed32() & 0xffff_ffffL) | (long) fixed32() << 32;
  }

  void skip(int length) throws MalformedException {
    checkLength(length);
    position += length;
  }

  /** Text with its length before it; short texts seen before come from a cache. */
  StringCache.Entry text() throws MalformedException {
    int length = textLength();
    StringCache.Entry text;
    if (readable - position >= length) {
      text = strings.get(slice, position - base, length);
    } else {
      ByteBuffer joined = ByteBuffer.wrap(copy(position, length)).order(ByteOrder.LITTLE_ENDIAN);
      text = strings.get(joined, 0, length);
    }
    position += length;
    return text;
  }

  /** Text that differs from message to message and would only crowd the cache. */
  String uniqueText() throws MalformedException {
    int length = textLength();
    if (length == 0) {
      return "";
    }
    String text = StringCache.decode(copy(position, length));
    position += length;
    return text;
  }

  private int textLength() throws MalformedException {
    int length = varint32();
    checkLength(length);
    return length;
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

  /** The bytes from an offset on, as they lie: one view, or one for each slice they touch. */
  ByteBuffer[] view(int offset, int length) {
    if (length == 0) {
      return NO_BYTES;
    }
    int first = sliceAt(offset);
    int last = first;
    while (ends[last] < offset + length) {
      last++;
    }
    ByteBuffer[] views = new ByteBuffer[last - first + 1];
    int from = offset;
    for (int i = first; i <= last; i++) {
      int to = Math.min(ends[i], offset + length);
      ByteBuffer source = sliceAtIndex(i);
      views[i - first] =
          source
              .slice(from - startOf(i) + source.position(), to - from)
              .order(ByteOrder.LITTLE_ENDIAN);
      from = to;
    }
    return views;
  }

  /** Appends bytes from an offset on to {@code target}. They must be there. */
  void copy(int offset, int length, ByteBuffer target) {
    int end = offset + length;
    int from = offset;
    for (int i = length == 0 ? 0 : sliceAt(offset); from < end; i++) {
      ByteBuffer source = sliceAtIndex(i);
      int count = Math.min(ends[i], end) - from;
      target.put(target.position(), source, from - startOf(i) + source.position(), count);
      target.position(target.position() + count);
      from += count;
    }
  }

  private byte[] copy(int offset, int length) {
    byte[] bytes = new byte[length];
    copy(offset, length, ByteBuffer.wrap(bytes));
    return bytes;
  }

  private byte next() throws MalformedException {
    if (position >= readable) {
      nextSlice();
    }
    return slice.get(position++ - base);
  }

  private void nextSlice() throws MalformedException {
    if (position >= limit) {
      throw new MalformedException("the end comes too early");
    }
    select(sliceAt(position));
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

  private void select(int index) {
    sliceIndex = index;
    slice = sliceAtIndex(index);
    base = startOf(index) - slice.position();
    readable = Math.min(ends[index], limit);
  }

  private int startOf(int index) {
    return index == 0 ? 0 : ends[index - 1];
  }

  /** Index of the slice that holds an offset; the last one for the end of the message. */
  private int sliceAt(int offset) {
    int index = offset >= startOf(sliceIndex) ? sliceIndex : 0;
    while (index < sliceCount - 1 && offset >= ends[index]) {
      index++;
    }
    return index;
  }

  private ByteBuffer sliceAtIndex(int index) {
    ByteBuffer found = slices[index];
    if (found == null) {
      throw new IllegalStateException("no slice " + index + " of " + sliceCount);
    }
    return found;
  }
}
