// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class DeflateCodecTest {
  private final DeflateCodec codec = new DeflateCodec();

  @Test
  void readsWhatItWrites() throws Exception {
    byte[] message = "inference ".repeat(1000).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream target = codec.compress(packed)) {
      target.write(message);
    }

    assertThat(packed.size()).isLessThan(message.length / 10);
    try (var unpacked = codec.decompress(new ByteArrayInputStream(packed.toByteArray()))) {
      assertThat(unpacked.readAllBytes()).isEqualTo(message);
    }
  }

  @Test
  void readsTheZlibStreamsOfOtherClients() throws Exception {
    byte[] zlib = HexFormat.of().parseHex("789ccb48cdc9c95728cf2fca4901001a0b045d");

    try (var unpacked = codec.decompress(new ByteArrayInputStream(zlib))) {
      assertThat(unpacked.readAllBytes()).asString().isEqualTo("hello world");
    }
    assertThat(codec.getMessageEncoding()).isEqualTo("deflate");
  }
}
