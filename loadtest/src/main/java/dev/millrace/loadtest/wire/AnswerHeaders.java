// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import io.grpc.Status;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the status out of an answer's header blocks. Most blocks of a connection are the same few
 * bytes, indexes into the HPACK table and nothing else: those are decoded once, until the table
 * changes.
 */
final class AnswerHeaders {
  private static final int REMEMBERED = 8;
  private static final int LONGEST_REMEMBERED = 16;

  /** An index from 127 on is longer than a byte. */
  private static final byte LONG_INDEX = (byte) 0xff;

  private static final long MOST_HEADER_BYTES = 1 << 20;

  /** No grpc-status in this block: there is more to come. */
  static final Outcome NONE_YET = new Outcome(null, "");

  /**
   * @param code null if the block has no grpc-status
   */
  record Outcome(Status.@Nullable Code code, String message) {}

  private final DefaultHttp2HeadersDecoder decoder =
      new DefaultHttp2HeadersDecoder(false, MOST_HEADER_BYTES);
  private final byte[][] blocks = new byte[REMEMBERED][];
  private final Outcome[] outcomes = new Outcome[REMEMBERED];
  private int remembered;

  /** Decodes a whole block; reads all of {@code block}. */
  Outcome decode(int streamId, ByteBuf block) throws Http2Exception {
    int known = find(block);
    if (known >= 0) {
      block.skipBytes(block.readableBytes());
      return outcomes[known];
    }
    byte @Nullable [] key = indexesOnly(block);
    if (key == null) {
      remembered = 0; // it may move what the indexes mean
    }
    Outcome outcome = outcome(decoder.decodeHeaders(streamId, block));
    if (key != null && remembered < REMEMBERED) {
      blocks[remembered] = key;
      outcomes[remembered++] = outcome;
    }
    return outcome;
  }

  private int find(ByteBuf block) {
    int length = block.readableBytes();
    for (int i = 0; i < remembered; i++) {
      byte[] known = blocks[i];
      if (known.length == length && equal(block, known)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean equal(ByteBuf block, byte[] known) {
    int from = block.readerIndex();
    for (int i = 0; i < known.length; i++) {
      if (block.getByte(from + i) != known[i]) {
        return false;
      }
    }
    return true;
  }

  private static byte @Nullable [] indexesOnly(ByteBuf block) {
    int length = block.readableBytes();
    if (length == 0 || length > LONGEST_REMEMBERED) {
      return null;
    }
    byte[] octets = new byte[length];
    block.getBytes(block.readerIndex(), octets);
    for (byte octet : octets) {
      if (octet >= 0 || octet == LONG_INDEX) {
        return null;
      }
    }
    return Arrays.copyOf(octets, length);
  }

  private static Outcome outcome(Http2Headers headers) {
    CharSequence status = headers.get("grpc-status");
    if (status != null) {
      CharSequence message = headers.get("grpc-message");
      return new Outcome(
          code(status.toString()), message == null ? "" : percentDecoded(message.toString()));
    }
    CharSequence http = headers.status();
    if (http != null && !http.toString().equals("200")) {
      return new Outcome(Status.Code.UNKNOWN, "HTTP status " + http);
    }
    return NONE_YET;
  }

  private static Status.Code code(String text) {
    try {
      return Status.fromCodeValue(Integer.parseInt(text)).getCode();
    } catch (NumberFormatException e) {
      return Status.Code.UNKNOWN;
    }
  }

  private static String percentDecoded(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text; // a server that does not encode
    }
  }
}
