// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.shadow.Divergence.Kind;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is the same, what is not, and what cannot be told. */
class DivergenceTest {
  private static final Tolerance EXACT = new Tolerance(0, 0);

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static AnsweredOutput floats(String name, float... values) {
    ByteBuffer data = bytes(4 * values.length);
    data.asFloatBuffer().put(values);
    return new AnsweredOutput(name, DataType.FP32, new long[] {values.length}, data);
  }

  private static AnsweredOutput strings(String... values) {
    ByteBuffer data = bytes(100);
    for (String value : values) {
      byte[] text = value.getBytes(StandardCharsets.UTF_8);
      data.putInt(text.length).put(text);
    }
    ByteBuffer written = data.slice(0, data.position()).order(ByteOrder.LITTLE_ENDIAN);
    return new AnsweredOutput("y", DataType.BYTES, new long[] {values.length}, written);
  }

  private static AnsweredOutput raw(DataType type, ByteBuffer data) {
    long elements = data.limit() / type.byteSize();
    return new AnsweredOutput("y", type, new long[] {elements}, data);
  }

  private static Divergence between(AnsweredOutput returned, AnsweredOutput second) {
    return Divergence.between(List.of(returned), List.of(second), Tolerance.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, SAME, 0",
    "1000, 1000.9, SAME, 0.9", // relatively
    "0, 0.0009, SAME, 0.0009", // absolutely
    "0, 0.002, DIFFERING, 0.002",
    "-1000, 1000, DIFFERING, 2000",
    "0, -0.0, SAME, 0",
    "NaN, NaN, SAME, 0",
    "NaN, 1, DIFFERING, Infinity",
    "1, NaN, DIFFERING, Infinity",
    "Infinity, Infinity, SAME, 0",
    "Infinity, -Infinity, DIFFERING, Infinity",
    "Infinity, 1e30, DIFFERING, Infinity",
    "1e30, Infinity, DIFFERING, Infinity"
  })
  void floatsAreTheSameWithinTheTolerance(float a, float b, Kind kind, double difference) {
    Divergence found = between(floats("y", 7, a), floats("y", 7, b));

    assertThat(found.kind()).isEqualTo(kind);
    assertThat(found.difference())
        .satisfiesAnyOf(
            d -> assertThat(d).isEqualTo(difference),
            d -> assertThat(d).isBetween(difference * 0.9, difference * 1.1));
  }

  @Test
  void anExactToleranceTakesTheSmallestStep() {
    float next = Math.nextUp(1f);
    List<AnsweredOutput> one = List.of(floats("y", 1));

    assertThat(Divergence.between(one, List.of(floats("y", next)), EXACT).kind())
        .isEqualTo(Kind.DIFFERING);
    assertThat(Divergence.between(one, one, EXACT).kind()).isEqualTo(Kind.SAME);
    assertThatThrownBy(() -> new Tolerance(-1, 0)).hasMessageContaining("-1.0 absolute");
    assertThatThrownBy(() -> new Tolerance(0, Double.NaN)).hasMessageContaining("expected finite");
  }

  @ParameterizedTest
  @CsvSource({
    "FP16, 15360, 15362, SAME", // 1 and two steps further
    "FP16, 15360, 15366, DIFFERING",
    "BF16, 16256, 16258, SAME",
    "BF16, 16256, 16262, DIFFERING",
    "INT16, 7, 8, DIFFERING",
    "UINT16, 7, 7, SAME"
  })
  void smallFloatsAreTheSameWithinTwoStepsAndIntegersIfTheyAreEqual(
      DataType type, short a, short b, Kind kind) {
    Divergence found =
        between(raw(type, bytes(2).putShort(0, a)), raw(type, bytes(2).putShort(0, b)));

    assertThat(found.kind()).isEqualTo(kind);
  }

  @Test
  void integersDifferByWhatIsBetweenThem() {
    assertThat(ints(DataType.INT64, Long.MIN_VALUE, Long.MAX_VALUE)).isEqualTo(0x1p64);
    assertThat(ints(DataType.UINT64, -1, 0)).isEqualTo(0x1p64);
    assertThat(ints(DataType.UINT64, -1, -3)).isEqualTo(2);
    assertThat(ints(DataType.INT64, Long.MAX_VALUE, Long.MAX_VALUE - 1)).isPositive();
    assertThat(ints(DataType.INT64, 5, 3)).isEqualTo(2);
  }

  private static double ints(DataType type, long a, long b) {
    Divergence found =
        between(raw(type, bytes(8).putLong(0, a)), raw(type, bytes(8).putLong(0, b)));
    assertThat(found.kind()).isEqualTo(Kind.DIFFERING);
    return found.difference();
  }

  @Test
  void booleansAreTrueOrFalseAndStringsAreTheirBytes() {
    ByteBuffer one = bytes(1).put(0, (byte) 1);
    ByteBuffer two = bytes(1).put(0, (byte) 2);

    assertThat(between(raw(DataType.BOOL, one), raw(DataType.BOOL, two)).kind())
        .isEqualTo(Kind.SAME);
    assertThat(between(raw(DataType.BOOL, one), raw(DataType.BOOL, bytes(1))).difference())
        .isEqualTo(1);
    assertThat(between(strings("cat", "dog"), strings("cat", "dog")).kind()).isEqualTo(Kind.SAME);
    assertThat(between(strings("cat", "dog"), strings("cat", "cow")).kind())
        .isEqualTo(Kind.DIFFERING);
    assertThat(between(strings("cat"), strings("cats")).kind()).isEqualTo(Kind.DIFFERING);
  }

  @Test
  void whatHasAnotherShapeTypeOrNameCannotBeCompared() {
    assertThat(between(floats("y", 1, 2), floats("y", 1)))
        .isEqualTo(
            new Divergence(Kind.INCOMPARABLE, "y", 0, "output 'y': shape [1] (expected [2])"));
    assertThat(between(floats("y", 1), strings("1")).detail())
        .isEqualTo("output 'y': datatype BYTES (expected FP32)");
    assertThat(between(floats("y", 1), floats("z", 1)).detail())
        .isEqualTo("output 'y': missing (expected one such output)");
  }

  @Test
  void theOutputThatDiffersMostIsNamedAndFurtherOnesDoNotMatter() {
    List<AnsweredOutput> returned = List.of(floats("a", 1), floats("b", 1e6f), floats("c", 5));
    List<AnsweredOutput> second =
        List.of(floats("d", 0), floats("c", 9), floats("b", 1e6f + 100), floats("a", 2));

    assertThat(Divergence.between(returned, second, Tolerance.DEFAULT))
        .isEqualTo(new Divergence(Kind.DIFFERING, "c", 4, ""));
  }

  @Test
  void anAnswerIsTheRequestsRowsOfARun() {
    ByteBuffer data = bytes(24);
    data.asFloatBuffer().put(new float[] {0, 1, 2, 3, 4, 5});
    OutputTensor output = new OutputTensor(DataType.FP32, new long[] {3, 2}, data);
    List<TensorSpec> specs = List.of(new TensorSpec("y", DataType.FP32, -1, 2));

    AnsweredOutput second =
        AnsweredOutput.all(specs, new OutputTensor[] {output}, 1, 2).getFirst().copy();
    data.putFloat(8, 99); // the runner's next run

    assertThat(second.shape()).containsExactly(2, 2);
    assertThat(second.data().limit()).isEqualTo(16);
    assertThat(second.data().getFloat(0)).isEqualTo(2);
    assertThat(second.data().getFloat(12)).isEqualTo(5);
  }

  @Test
  void countsKeepTheLargestDifferenceAndAreAddedUp() {
    ShadowCounts counts = new ShadowCounts();
    counts.add(between(floats("y", 1), floats("y", 1)));
    counts.add(between(floats("y", 1), floats("y", 3)));
    counts.add(between(floats("z", 1), floats("z", 2)));
    counts.add(Divergence.failed("no memory"));
    counts.dropped(1);

    Comparisons now = counts.snapshot();
    assertThat(now).isEqualTo(new Comparisons(1, 2, 0, 1, 1, 2, "y", "no memory"));
    assertThat(now.total()).isEqualTo(4);
    assertThat(now.notSame()).isEqualTo(3);
    assertThat(now.worst()).isEqualTo("output 'y', largest difference 2.000");
    assertThat(now.since(now).total()).isZero();
    assertThat(Comparisons.NONE.plus(now)).isEqualTo(now);
    assertThat(now.plus(new Comparisons(0, 1, 1, 0, 0, 9, "w", "")))
        .isEqualTo(new Comparisons(1, 3, 1, 1, 1, 9, "w", "no memory"));
    assertThat(now)
        .hasToString(
            "3 compared, 2 differing, 0 incomparable, 1 failed, 1 dropped; output 'y', largest difference 2.000");
  }
}
