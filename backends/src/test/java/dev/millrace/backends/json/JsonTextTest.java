// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"b\":[1,2.50,-3e7],\"a\":{\"x\":null,\"y\":true}}",
        "[]",
        "{}",
        "\"ä \\\" \\n\"",
        "18446744073709551615",
        "[[[]]]"
      })
  void writesWhatItRead(String json) {
    assertThat(JsonText.write(JsonText.parse(json))).isEqualTo(json);
  }

  @Test
  void saysWhereItIsNotJson() {
    assertThatThrownBy(() -> JsonText.parse("[1,\n2,}"))
        .isInstanceOf(JsonException.class)
        .hasMessageStartingWith("not JSON: ")
        .hasMessageContaining("line 2, column 3");
  }

  @Test
  void wantsExactlyOneValue() {
    assertThatThrownBy(() -> JsonText.parse("  ")).hasMessage("no JSON (expected a value)");
    assertThatThrownBy(() -> JsonText.parse("[1] [2]"))
        .hasMessage("more than one JSON value (expected one)");
  }

  @Test
  void refusesANameThatIsGivenTwice() {
    assertThatThrownBy(() -> JsonText.parse("{\"a\":1,\"a\":2}"))
        .isInstanceOf(JsonException.class)
        .hasMessageContaining("Duplicate");
  }
}
