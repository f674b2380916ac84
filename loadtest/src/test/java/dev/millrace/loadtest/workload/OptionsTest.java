// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
  @Test
  void readsModelsWithVersionsAndWeights() {
    assertThat(ModelShare.parse("iris")).isEqualTo(new ModelShare("iris", Optional.empty(), 1));
    assertThat(ModelShare.parse("iris=2.5"))
        .isEqualTo(new ModelShare("iris", Optional.empty(), 2.5));
    assertThat(ModelShare.parse("iris:3")).isEqualTo(new ModelShare("iris", Optional.of("3"), 1));
    assertThat(ModelShare.parse("iris:3=4")).isEqualTo(new ModelShare("iris", Optional.of("3"), 4));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"iris=", "iris=0", "iris=-1", "iris=NaN", "iris=x", "=2", "iris:", ":1", ""})
  void refusesModelsOfAnotherForm(String text) {
    assertThatThrownBy(() -> ModelShare.parse(text))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith("model '")
        .hasMessageContaining("(expected ");
  }

  @Test
  void readsShapesInBothSpellings() {
    List<ShapeChoice> expected = List.of(choice("ids", 1, 1, 64));

    assertThat(ShapeChoice.parse("ids:1x64")).isEqualTo(expected);
    assertThat(ShapeChoice.parse("ids:1,64")).isEqualTo(expected);
    assertThat(ShapeChoice.parse("ids:1x64@3")).containsExactly(choice("ids", 3, 1, 64));
    assertThat(ShapeChoice.parse("input:0:8")).containsExactly(choice("input:0", 1, 8));
  }

  @Test
  void aRangeStandsForSeveralShapes() {
    assertThat(ShapeChoice.parse("ids:1x16..48..16"))
        .containsExactly(choice("ids", 1, 1, 16), choice("ids", 1, 1, 32), choice("ids", 1, 1, 48));
    assertThat(ShapeChoice.parse("ids:1x{2..3}@2"))
        .containsExactly(choice("ids", 2, 1, 2), choice("ids", 2, 1, 3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ids",
        "ids:",
        ":1x2",
        "ids:1x",
        "ids:0",
        "ids:-1",
        "ids:1xN",
        "ids:1..",
        "ids:5..2",
        "ids:1..9999",
        "ids:1@0",
        "ids:1..200x1..200"
      })
  void refusesShapesOfAnotherForm(String text) {
    assertThatThrownBy(() -> ShapeChoice.parse(text))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith("--shape")
        .hasMessageContaining(text)
        .hasMessageContaining("(expected ");
  }

  @Test
  void readsSourcesOfData() {
    assertThat(DataSource.parse("random")).isEqualTo(new DataSource.Random());
    assertThat(DataSource.parse("zeros")).isEqualTo(new DataSource.Zeros());
    assertThat(DataSource.parse("a/b.npz")).isEqualTo(new DataSource.File(Path.of("a/b.npz")));
  }

  @Test
  void refusesWishesThatContradictEachOther() {
    DataSource file = DataSource.parse("a.json");
    List<ShapeChoice> shapes = ShapeChoice.parse("x:1");
    DataSource zeros = new DataSource.Zeros();
    Optional<Path> expect = Optional.of(Path.of("e.json"));

    assertThatThrownBy(() -> spec(file, 1, shapes, Optional.empty(), false, 0))
        .hasMessageStartingWith("--shape: not with a data file");
    assertThatThrownBy(() -> spec(zeros, 0, List.of(), Optional.empty(), false, 0))
        .hasMessage("--rows: 0 (expected 1 or more)");
    assertThatThrownBy(() -> spec(zeros, 1, List.of(), expect, true, 0))
        .hasMessageContaining("(expected one of them)");
    assertThatThrownBy(() -> spec(zeros, 1, List.of(), Optional.empty(), false, Double.NaN))
        .hasMessage("--tolerance: NaN (expected 0 or more)");
  }

  private static WorkloadSpec spec(
      DataSource data,
      int rows,
      List<ShapeChoice> shapes,
      Optional<Path> expect,
      boolean agree,
      double tolerance) {
    return new WorkloadSpec(
        List.of(ModelShare.parse("m")), data, rows, shapes, expect, agree, tolerance, 1);
  }

  private static ShapeChoice choice(String input, double weight, long... dims) {
    return new ShapeChoice(input, Signatures.list(dims), weight);
  }
}
