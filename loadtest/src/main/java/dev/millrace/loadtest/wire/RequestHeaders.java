// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The header blocks of ModelInfer calls, which are the same for all calls of a connection but for
 * their timeout. As with any gRPC client, the first call puts its fields into the server's HPACK
 * table and the others name their numbers (RFC 7541, sections 2.3 and 6). So it is with the timeout
 * if there is only one; of several, each call says its own.
 */
final class RequestHeaders {
  private static final int STATIC_METHOD_POST = 3;
  private static final int STATIC_SCHEME_HTTP = 6;
  private static final int FIRST_DYNAMIC = 62;
  private static final int INDEXED = 0x80;
  private static final int LITERAL_INDEXING = 0x40;
  private static final int LITERAL_PLAIN = 0;
  private static final int TABLE_OF_NO_SIZE = 0x20;

  /** More than these fields take in the table, by RFC 7541's way of counting. */
  private static final int TABLE_BYTES = 1024;

  private static final String TIMEOUT = "grpc-timeout";

  /** One way to write the blocks: for each timeout one. */
  private record Blocks(List<byte[]> ofTimeout) {
    static Blocks of(byte[] fields, List<String> timeouts) {
      return new Blocks(timeouts.stream().map(timeout -> block(fields, timeout)).toList());
    }

    private static byte[] block(byte[] fields, String timeout) {
      ByteArrayOutputStream block = new ByteArrayOutputStream();
      block.writeBytes(fields);
      if (!timeout.isEmpty()) {
        literal(block, LITERAL_PLAIN, Map.entry(TIMEOUT, timeout));
      }
      return block.toByteArray();
    }
  }

  private final Blocks indexing;
  private final Blocks indexed;
  private final Blocks plain;

  private RequestHeaders(Blocks indexing, Blocks indexed, Blocks plain) {
    this.indexing = indexing;
    this.indexed = indexed;
    this.plain = plain;
  }

  /**
   * Makes them.
   *
   * @param timeouts values of grpc-timeout that calls have, at least one; empty for none
   */
  static RequestHeaders of(String path, String authority, List<String> timeouts) {
    var fields =
        new ArrayList<>(
            List.of(
                Map.entry(":path", path),
                Map.entry(":authority", authority),
                Map.entry("content-type", "application/grpc"),
                Map.entry("te", "trailers"),
                Map.entry("user-agent", "millrace-bench")));
    List<String> own = timeouts;
    if (timeouts.size() == 1 && !timeouts.getFirst().isEmpty()) {
      fields.add(Map.entry(TIMEOUT, timeouts.getFirst()));
      own = List.of("");
    }
    ByteArrayOutputStream indexing = new ByteArrayOutputStream();
    ByteArrayOutputStream indexed = new ByteArrayOutputStream();
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    for (ByteArrayOutputStream block : List.of(indexing, indexed, plain)) {
      block.write(INDEXED | STATIC_METHOD_POST);
      block.write(INDEXED | STATIC_SCHEME_HTTP);
    }
    for (int i = 0; i < fields.size(); i++) {
      literal(indexing, LITERAL_INDEXING, fields.get(i));
      literal(plain, LITERAL_PLAIN, fields.get(i));
      // the newest entry has the lowest number
      indexed.write(INDEXED | (FIRST_DYNAMIC + fields.size() - 1 - i));
    }
    return new RequestHeaders(
        Blocks.of(indexing.toByteArray(), own),
        Blocks.of(indexed.toByteArray(), own),
        Blocks.of(plain.toByteArray(), own));
  }

  /**
   * The header block of a call.
   *
   * @param timeout the number of its timeout
   * @param isFirst whether it is the connection's first
   * @param tableBytes size of the server's HPACK table, as its SETTINGS say
   */
  byte[] block(int timeout, boolean isFirst, long tableBytes) {
    if (tableBytes >= TABLE_BYTES) {
      return (isFirst ? indexing : indexed).ofTimeout.get(timeout);
    }
    byte[] block = plain.ofTimeout.get(timeout);
    if (!isFirst) {
      return block;
    }
    // a table that was made smaller has to be acknowledged
    byte[] first = new byte[block.length + 1];
    first[0] = TABLE_OF_NO_SIZE;
    System.arraycopy(block, 0, first, 1, block.length);
    return first;
  }

  private static void literal(
      ByteArrayOutputStream block, int representation, Map.Entry<String, String> field) {
    block.write(representation);
    string(block, field.getKey());
    string(block, field.getValue());
  }

  /** A string literal without Huffman coding: a length of 7 bits and more, then the octets. */
  private static void string(ByteArrayOutputStream out, String text) {
    byte[] octets = text.getBytes(US_ASCII);
    int length = octets.length;
    if (length < 127) {
      out.write(length);
    } else {
      out.write(127);
      length -= 127;
      while (length >= 128) {
        out.write((length & 127) | 128);
        length >>>= 7;
      }
      out.write(length);
    }
    out.writeBytes(octets);
  }
}
