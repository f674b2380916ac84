// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header block of a ModelInfer call, which is the same for all calls of a connection. As with
 * any gRPC client, the first call puts its fields into the server's HPACK table and the others name
 * their numbers (RFC 7541, sections 2.3 and 6).
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

  private final byte[] indexing;
  private final byte[] indexed;
  private final byte[] plain;

  private RequestHeaders(byte[] indexing, byte[] indexed, byte[] plain) {
    this.indexing = indexing;
    this.indexed = indexed;
    this.plain = plain;
  }

  /**
   * @param timeout value of grpc-timeout; null for none
   */
  static RequestHeaders of(String path, String authority, @Nullable String timeout) {
    var fields =
        new ArrayList<>(
            List.of(
                Map.entry(":path", path),
                Map.entry(":authority", authority),
                Map.entry("content-type", "application/grpc"),
                Map.entry("te", "trailers"),
                Map.entry("user-agent", "millrace-bench")));
    if (timeout != null) {
      fields.add(Map.entry("grpc-timeout", timeout));
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
    return new RequestHeaders(indexing.toByteArray(), indexed.toByteArray(), plain.toByteArray());
  }

  /**
   * The header block of a call.
   *
   * @param isFirst whether it is the connection's first
   * @param tableBytes size of the server's HPACK table, as its SETTINGS say
   */
  byte[] block(boolean isFirst, long tableBytes) {
    if (tableBytes >= TABLE_BYTES) {
      return isFirst ? indexing : indexed;
    }
    if (!isFirst) {
      return plain;
    }
    // a table that was made smaller has to be acknowledged
    byte[] block = new byte[plain.length + 1];
    block[0] = TABLE_OF_NO_SIZE;
    System.arraycopy(plain, 0, block, 1, plain.length);
    return block;
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
