// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.grpc.Codec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * gRPC's {@code deflate}, which grpc-java does not bring: a zlib stream (RFC 1950), as the C core's
 * clients send it.
 */
final class DeflateCodec implements Codec {
  @Override
  public String getMessageEncoding() {
    return "deflate";
  }

  @Override
  public OutputStream compress(OutputStream target) throws IOException {
    return new DeflaterOutputStream(target);
  }

  @Override
  public InputStream decompress(InputStream source) throws IOException {
    return new InflaterInputStream(source);
  }
}
