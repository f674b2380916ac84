// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import io.grpc.Codec;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/** gRPC's {@code deflate}, zlib in truth, which grpc-java does not bring along. */
final class ZlibCodec implements Codec {
  @Override
  public String getMessageEncoding() {
    return "deflate";
  }

  @Override
  public OutputStream compress(OutputStream target) {
    return new DeflaterOutputStream(target);
  }

  @Override
  public InputStream decompress(InputStream source) {
    return new InflaterInputStream(source);
  }
}
