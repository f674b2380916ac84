// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
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

  private static final int MAX_LENGTH = 64;
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

    private boolean is(long otherHash, int otherLength, ByteBuffer bytes, int index) {
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

  /**
   * The text of these bytes.
   *
   * @param bytes in little-endian order
   * @throws MalformedException if they are not UTF-8
   */
  Entry get(ByteBuffer bytes, int index, int length) throws MalformedException {
    if (length == 0) {
      return EMPTY;
    }
    if (length > MAX_LENGTH) {
      return new Entry(0, length, new long[0], decode(copy(bytes, index, length)));
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
    Entry entry = new Entry(hash, length, words, decode(copy(bytes, index, length)));
    slots[free >= 0 ? free : (int) (hash + (victim++ & WAYS - 1)) & SLOTS - 1] = entry;
    return entry;
  }

  /** Strict UTF-8, as proto3 asks of its strings. */
  static String decode(byte[] bytes) throws MalformedException {
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0) { // what stands in for wrong bytes, or was sent itself
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException notUtf8) {
        throw new MalformedException("a string that is not UTF-8");
      }
    }
    return text;
  }

  private static byte[] copy(ByteBuffer bytes, int index, int length) {
    byte[] copy = new byte[length];
    bytes.get(index, copy);
    return copy;
  }

  private static long hash(ByteBuffer bytes, int index, int length) {
    long hash = length;
    for (int at = 0; at < length; at += 8) {
      hash = (hash ^ word(bytes, index + at, length - at)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 32; // the product's good bits are the high ones, the slot's are the low ones
    }
    return hash;
  }

  /** Up to eight bytes as a number, zeros in the place of those past {@code length}. */
  private static long word(ByteBuffer bytes, int index, int length) {
    if (length >= 8) {
      return bytes.getLong(index);
    }
    if (index + 8 <= bytes.limit()) {
      return bytes.getLong(index) & ((1L << (length * 8)) - 1);
    }
    long word = 0;
    for (int i = 0; i < length; i++) {
      word |= (bytes.get(index + i) & 0xffL) << (i * 8);
    }
    return word;
  }
}
