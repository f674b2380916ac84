// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** An encoded ModelInferResponse. */
final class InferResponse {
  private final byte[] message;

  /** The array becomes the response's own. */
  InferResponse(byte[] message) {
    this.message = message;
  }

  int byteLength() {
    return message.length;
  }

  /** The bytes as gRPC wants them: length first, then all at once. */
  InputStream stream() {
    return new MessageStream(message);
  }

  /** gRPC reserves {@link #available} bytes of transport memory and has it filled in one write. */
  private static final class MessageStream extends ByteArrayInputStream
      implements Drainable, KnownLength {
    MessageStream(byte[] message) {
      super(message);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = count - pos;
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
