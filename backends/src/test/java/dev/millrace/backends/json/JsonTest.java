// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Values that are read as what they are, and as what they are not. */
class JsonTest {
  private static final Json.Members INPUT =
      JsonText.parse("{\"name\": \"x\", \"shape\": [2, 0], \"data\": 1}").asMembers("input");

  @Test
  void aValueIsReadAsWhatItIs() {
    assertThat(INPUT.require("name", "an input").asText("name")).isEqualTo("x");
    assertThat(INPUT.require("shape", "an input").asShape()).containsExactly(2L, 0L);
    assertThat(INPUT.require("shape", "an input").asItems("shape")).hasSize(2);
  }

  @Test
  void whatIsMissingOrOtherwiseIsToldByItsNameAndKind() {
    Json number = INPUT.require("data", "an input");

    assertProblem(() -> INPUT.require("datatype", "an input"), "an input without 'datatype'");
    assertProblem(() -> number.asText("id"), "id: a number (expected text)");
    assertProblem(() -> number.asItems("data"), "data: a number (expected an array)");
    assertProblem(() -> number.asMembers("it"), "it: a number (expected an object)");
    assertProblem(
        () -> JsonText.parse("[2, -1]").asShape(), "shape [2,-1] (expected sizes from 0)");
  }

  private static void assertProblem(ThrowingCallable read, String message) {
    assertThatThrownBy(read).isInstanceOf(JsonException.class).hasMessage(message);
  }
}
