// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.tensor.DataType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class StringCacheTest {
  private final StringCache cache = new StringCache();

  @Test
  void givesTheSameStringForTheSameBytes() throws Exception {
    for (String text : new String[] {"", "x", "FP32", "12345678", "größe", "n".repeat(64)}) {
      assertThat(get(text, 0, 20).text()).isEqualTo(text);
      assertThat(get(text, 5, 0).text()).isSameAs(get(text, 0, 20).text());
    }
  }

  @Test
  void knowsDatatypesByName() throws Exception {
    assertThat(get("UINT16", 0, 0).dataType()).isEqualTo(DataType.UINT16);
    assertThat(get("uint16", 0, 0).dataType()).isNull();
  }

  @Test
  void staysRightWhenMoreTextsComeThanItHolds() throws Exception {
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 5000; i++) {
        String text = "name-" + i * 7919;
        assertThat(get(text, i % 3, i % 9).text()).isEqualTo(text);
      }
    }
  }

  @Test
  void refusesWhatIsNotUtf8() {
    byte[][] wrong = {
      {(byte) 0xff},
      {(byte) 0xc0, (byte) 0x80},
      {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
      {(byte) 0xe2, (byte) 0x82}
    };
    for (byte[] bytes : wrong) {
      assertThatThrownBy(() -> cache.get(bytes, 0, bytes.length))
          .isInstanceOf(MalformedException.class);
    }
  }

  @Test
  void takesAReplacementCharacterThatWasSent() throws Exception {
    assertThat(get("a\uFFFDb", 0, 0).text()).isEqualTo("a\uFFFDb");
  }

  /** Looks a text up with other bytes before and after it. */
  private StringCache.Entry get(String text, int before, int after) throws MalformedException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    byte[] around = new byte[before + bytes.length + after];
    Arrays.fill(around, (byte) 0xEE);
    System.arraycopy(bytes, 0, around, before, bytes.length);
    return cache.get(around, before, bytes.length);
  }
}
