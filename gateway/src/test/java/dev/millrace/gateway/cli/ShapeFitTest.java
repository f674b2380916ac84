// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.json.NestedArray;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ShapeFitTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "2,4; -1,4; 2,4",
        "4; -1,4; 1,4",
        "1,8,8; -1,1,8,8; 1,1,8,8",
        "128; -1,1,8,8; 2,1,8,8",
        "3; -1; 3",
        "6; 2,3; 2,3"
      })
  void findsTheShapeThatWasMeant(String written, String declared, String meant) {
    assertThat(ShapeFit.fit(shape(written), shape(declared))).contains(shape(meant));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"3,5; -1,4", "5; -1,4", "4; -1,-1,4", "2,2,4; -1,4", "7; 2,3"})
  void refusesToGuess(String written, String declared) {
    assertThat(ShapeFit.fit(shape(written), shape(declared))).isEmpty();
  }

  @Test
  void aScalarIsARowOfItsOwn() {
    assertThat(ShapeFit.fit(List.of(), List.of(-1L))).contains(List.of(1L));
    assertThat(ShapeFit.fit(List.of(), List.of())).contains(List.of());
  }

  @Test
  void flattensNestedArraysAndNestsThemAgain() {
    Json rows = JsonText.parse("[[[1,2]],[[3,4]],[[5,6]]]");
    NestedArray array = NestedArray.of(rows);

    assertThat(array.shape()).containsExactly(3L, 1L, 2L);
    assertThat(NestedArray.nest(array.shape(), array.elements())).isEqualTo(rows);
  }

  @Test
  void refusesRaggedArrays() {
    assertThatThrownBy(() -> NestedArray.of(JsonText.parse("[[1,2],[3]]")))
        .hasMessage("a row of 1 beside a row of 2 (expected equal lengths)");
    assertThatThrownBy(() -> NestedArray.of(JsonText.parse("[[1],2]")))
        .hasMessage("a number beside arrays (expected rows of 1)");
    assertThatThrownBy(() -> NestedArray.of(JsonText.parse("[1,[2]]")))
        .hasMessage("an array among elements (expected one)");
  }

  private static List<Long> shape(String text) {
    return Arrays.stream(text.split(",")).map(Long::valueOf).toList();
  }
}
