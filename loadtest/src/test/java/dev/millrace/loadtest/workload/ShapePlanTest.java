// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.Signatures.list;
import static dev.millrace.loadtest.workload.Signatures.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.loadtest.workload.ShapePlan.Shapes;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ShapePlanTest {
  private static final TensorSpec IDS = spec("ids", DataType.INT64, -1, -1);
  private static final TensorSpec MASK = spec("mask", DataType.INT64, -1, -1);
  private static final TensorSpec IMAGE = spec("image", DataType.FP32, -1, 3, 8, 8);
  private static final TensorSpec SCALAR = spec("scalar", DataType.FP32);

  @Test
  void anOpenFirstAxisIsRows() {
    assertThat(plan(List.of(IMAGE, SCALAR), 4))
        .containsExactly(new Shapes(List.of(list(4, 3, 8, 8), list()), 1));
  }

  @Test
  void whatTheServerFixesStays() {
    assertThat(plan(List.of(spec("x", DataType.FP32, 2, 5)), 1))
        .containsExactly(new Shapes(List.of(list(2, 5)), 1));
  }

  @Test
  void doesNotGuessOtherOpenAxes() {
    assertThatThrownBy(() -> plan(List.of(IDS), 2))
        .isInstanceOf(WorkloadException.class)
        .hasMessage(
            "model 'm' input 'ids': shape [-1,-1] leaves axis 1 open (give --shape ids:2xN)");
  }

  @Test
  void inputsWithSeveralShapesTakeTurnsTogether() {
    List<Shapes> plan =
        plan(List.of(IDS, MASK, IMAGE), 1, "ids:1x16@3", "mask:1x16", "ids:1x32", "mask:1x32");

    assertThat(plan)
        .containsExactly(
            new Shapes(List.of(list(1, 16), list(1, 16), list(1, 3, 8, 8)), 3),
            new Shapes(List.of(list(1, 32), list(1, 32), list(1, 3, 8, 8)), 1));
  }

  @Test
  void aSingleShapeGoesWithAllOfTheOthers() {
    List<Shapes> plan = plan(List.of(IDS, MASK), 1, "ids:1x16", "ids:1x32", "mask:1x8");

    assertThat(plan).extracting(s -> s.shapes().get(1)).containsOnly(list(1, 8)).hasSize(2);
  }

  @Test
  void refusesNumbersOfShapesThatDoNotMatch() {
    assertThatThrownBy(() -> plan(List.of(IDS, MASK), 1, "ids:1x1..2", "mask:1x1..3"))
        .hasMessage(
            "--shape: model 'm' has 2 shapes for 'ids' and 3 shapes for 'mask'"
                + " (expected as many for each, or one)");
  }

  @Test
  void refusesShapesThatTheModelDoesNotTake() {
    assertThatThrownBy(() -> plan(List.of(IMAGE), 1, "image:1x3x8x9"))
        .hasMessage("--shape image:1x3x8x9: model 'm' input 'image' has shape [-1,3,8,8]");
    assertThatThrownBy(() -> plan(List.of(IMAGE), 1, "image:3"))
        .hasMessageContaining("has shape [-1,3,8,8]");
  }

  @Test
  void refusesWeightsThatContradictEachOther() {
    assertThatThrownBy(() -> plan(List.of(IDS, MASK), 1, "ids:1x4@2", "mask:1x4@3"))
        .hasMessage(
            "--shape mask:1x4: weight 3.0 (expected 2.0, as for the input that goes with it)");
  }

  @Test
  void refusesRowsWhereNoInputHasThem() {
    assertThatThrownBy(() -> plan(List.of(SCALAR), 8))
        .hasMessage("--rows 8: model 'm' has no input with an open first axis (scalar FP32 [])");
  }

  private static List<Shapes> plan(List<TensorSpec> inputs, int rows, String... shapes) {
    List<ShapeChoice> choices =
        Stream.of(shapes).flatMap(s -> ShapeChoice.parse(s).stream()).toList();
    return ShapePlan.of(Signatures.model(inputs, List.of()), rows, choices);
  }
}
