// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import io.netty.buffer.ByteBuf;

/** HTTP/2 frames as far as a gRPC client needs them (RFC 9113, section 6). */
final class Frames {
  static final int HEADER_BYTES = 9;
  static final int DEFAULT_WINDOW = 65_535;
  static final int DEFAULT_HEADER_TABLE = 4096;
  static final int DEFAULT_FRAME_BYTES = 16_384;

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int ACK = 0x1;
  static final int END_STREAM = 0x1;
  static final int END_HEADERS = 0x4;
  static final int PADDED = 0x8;
  static final int PRIORITY = 0x20;

  static final int SETTING_HEADER_TABLE_SIZE = 1;
  static final int SETTING_ENABLE_PUSH = 2;
  static final int SETTING_MAX_CONCURRENT_STREAMS = 3;
  static final int SETTING_INITIAL_WINDOW_SIZE = 4;
  static final int SETTING_MAX_FRAME_SIZE = 5;

  static final int ERROR_REFUSED_STREAM = 7;
  static final int ERROR_CANCEL = 8;
  static final int ERROR_ENHANCE_YOUR_CALM = 11;

  private Frames() {}

  /** Writes a frame's header. */
  static void writeHeader(ByteBuf out, int length, int type, int flags, int streamId) {
    out.writeMedium(length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(streamId);
  }

  static void writeSetting(ByteBuf out, int id, int value) {
    out.writeShort(id);
    out.writeInt(value);
  }

  static void writeWindowUpdate(ByteBuf out, int streamId, int bytes) {
    writeHeader(out, 4, WINDOW_UPDATE, 0, streamId);
    out.writeInt(bytes);
  }

  static void writeReset(ByteBuf out, int streamId, int error) {
    writeHeader(out, 4, RST_STREAM, 0, streamId);
    out.writeInt(error);
  }
}
