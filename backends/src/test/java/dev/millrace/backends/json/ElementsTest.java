// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ElementsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "BOOL; [true,false]; 0100",
        "UINT8; [0,255]; 00ff",
        "INT8; [-128,127]; 807f",
        "UINT16; [65535]; ffff",
        "INT16; [-2]; feff",
        "UINT32; [4294967295]; ffffffff",
        "INT32; [-1,1]; ffffffff01000000",
        "UINT64; [18446744073709551615]; ffffffffffffffff",
        "INT64; [-9223372036854775808]; 0000000000000080",
        "FP16; [1.5,-2.0]; 003e00c0",
        "BF16; [1.5,-2.0]; c03f00c0",
        "FP32; [1.5,0.1]; 0000c03fcdcccc3d",
        "FP64; [0.1]; 9a9999999999b93f",
        "BYTES; [\"hé\",\"\"]; 0300000068c3a900000000"
      })
  void readsAndWritesTheRawLayout(DataType type, String json, String hex) {
    byte[] raw = Elements.encode(type, items(json));

    assertThat(HexFormat.of().formatHex(raw)).isEqualTo(hex);
    assertThat(JsonText.write(new Json.Items(Elements.decode(type, ByteBuffer.wrap(raw)))))
        .isEqualTo(json);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "UINT8; [256]",
        "UINT8; [-1]",
        "INT64; [9223372036854775808]",
        "INT32; [1.5]",
        "INT32; [1e999999999]",
        "INT32; [\"1\"]",
        "BOOL; [2]",
        "FP32; [\"one\"]",
        "FP32; [null]",
        "BYTES; [true]"
      })
  void refusesWhatTheTypeCannotHold(DataType type, String json) {
    assertThatThrownBy(() -> Elements.encode(type, items(json)))
        .isInstanceOf(JsonException.class)
        .hasMessageEndingWith("(expected " + type + ")");
  }

  @Test
  void readsNumbersThatAreNoneAndWritesThemAsText() {
    byte[] raw = Elements.encode(DataType.FP32, items("[NaN,-Infinity,\"Infinity\"]"));

    assertThat(JsonText.write(new Json.Items(Elements.decode(DataType.FP32, ByteBuffer.wrap(raw)))))
        .isEqualTo("[\"NaN\",\"-Infinity\",\"Infinity\"]");
  }

  @Test
  void roundsToTheNearestBfloat() {
    // 1.00390625 lies half way between two neighbours: to the even one
    assertThat(Elements.encode(DataType.BF16, items("[1.00390625,1.005]")))
        .isEqualTo(HexFormat.of().parseHex("803f813f"));
  }

  @Test
  void takesWholeNumbersWithAPoint() {
    assertThat(Elements.encode(DataType.INT8, items("[3.0,2e1]"))).containsExactly(3, 20);
  }

  @Test
  void showsBytesThatAreNoTextAsBase64() {
    assertThat(Elements.text(new byte[] {(byte) 0xff, 0})).isEqualTo(new Json.Text("/wA="));
  }

  private static List<Json> items(String json) {
    return ((Json.Items) JsonText.parse(json)).items();
  }
}
