// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.tensor.DataType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Short texts by their UTF-8 bytes: the names of models, inputs, outputs and datatypes are the same
 * in request after request, and so are the strings. Bounded, for one thread; a text that falls out
 * is simply made again.
 */
final class StringCache {
  /** 256: several models' worth of names; 64 bytes each at most, so some 40 KiB when full. */
  private static final int SLOTS = 256;

  /** Places where one text may stand: enough that two names in use rarely push each other out. */
  private static final int WAYS = 4;

  static final int MAX_LENGTH = 64;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  static final Entry EMPTY = new Entry(0, 0, new long[0], "");

  private final @Nullable Entry[] slots = new @Nullable Entry[SLOTS];
  private int victim;

  /** A text, and what its being looked up again would cost. */
  static final class Entry {
    private final long hash;
    private final int length;
    private final long[] words;
    private final String text;
    private final @Nullable DataType dataType;

    private Entry(long hash, int length, long[] words, String text) {
      this.hash = hash;
      this.length = length;
      this.words = words;
      this.text = text;
      this.dataType = DataType.of(text);
    }

    String text() {
      return text;
    }

    /** The datatype of that name, if it is one. */
    @Nullable DataType dataType() {
      return dataType;
    }

    private boolean is(long otherHash, int otherLength, byte[] bytes, int index) {
      if (hash != otherHash || length != otherLength) {
        return false;
      }
      for (int i = 0; i < words.length; i++) {
        if (words[i] != word(bytes, index + i * 8, length - i * 8)) {
          return false;
        }
      }
      return true;
    }
  }

  /** A text too long for the cache. */
  static Entry uncached(String text) {
    return new Entry(0, 0, new long[0], text);
  }

  /**
   * The text of these bytes.
   *
   * @param length at most {@link #MAX_LENGTH}
   * @throws MalformedException if they are not UTF-8
   */
  Entry get(byte[] bytes, int index, int length) throws MalformedException {
    if (length == 0) {
      return EMPTY;
    }
    long hash = hash(bytes, index, length);
    int free = -1;
    for (int way = 0; way < WAYS; way++) {
      int slot = (int) (hash + way) & SLOTS - 1;
      Entry entry = slots[slot];
      if (entry == null) {
        free = slot;
        break; // nothing is ever removed: the text cannot stand behind a gap
      }
      if (entry.is(hash, length, bytes, index)) {
        return entry;
      }
    }
    long[] words = new long[(length + 7) / 8];
    for (int i = 0; i < words.length; i++) {
      words[i] = word(bytes, index + i * 8, length - i * 8);
    }
    Entry entry = new Entry(hash, length, words, decode(bytes, index, length));
    slots[free >= 0 ? free : (int) (hash + (victim++ & WAYS - 1)) & SLOTS - 1] = entry;
    return entry;
  }

  /** Strict UTF-8, as proto3 asks of its strings. */
  static String decode(byte[] bytes, int index, int length) throws MalformedException {
    if (length == 0) {
      return "";
    }
    String text = new String(bytes, index, length, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0) { // what stands in for wrong bytes, or was sent itself
      try {
        return StandardCharsets.UTF_8
            .newDecoder()
            .decode(ByteBuffer.wrap(bytes, index, length))
            .toString();
      } catch (CharacterCodingException notUtf8) {
        throw new MalformedException("a string that is not UTF-8");
      }
    }
    return text;
  }

  /** Of the first eight bytes, the last eight and the length: names seldom differ only between. */
  private static long hash(byte[] bytes, int index, int length) {
    long hash = word(bytes, index, length) * 0x9E3779B97F4A7C15L + length;
    if (length > 8) {
      hash = (hash ^ word(bytes, index + length - 8, 8)) * 0xC2B2AE3D27D4EB4FL;
    }
    return hash ^ (hash >>> 32); // a product's good bits are the high ones, the slot's are the low
  }

  /** Up to eight bytes as a number, zeros in the place of those past {@code length}. */
  private static long word(byte[] bytes, int index, int length) {
    if (length >= 8) {
      return (long) LONG.get(bytes, index);
    }
    if (index + 8 <= bytes.length) {
      return (long) LONG.get(bytes, index) & ((1L << (length * 8)) - 1);
    }
    long word = 0;
    for (int i = 0; i < length; i++) {
      word |= (bytes[index + i] & 0xffL) << (i * 8);
    }
    return word;
  }
}
