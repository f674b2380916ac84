// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyntheticDataTest {
  private static final List<Long> SHAPE = List.of(10L, 100L);

  @ParameterizedTest
  @EnumSource
  void fillsTensorsOfEveryType(DataType type) {
    Tensor zeros = SyntheticData.zeros(spec(type), SHAPE);
    Tensor random = random(type);

    int elements = type == DataType.BYTES ? 4 : type.byteSize();
    assertThat(zeros.raw().size()).isEqualTo(1000 * elements);
    assertThat(zeros.raw().toByteArray()).containsOnly(0);
    assertThat(random.raw().size())
        .isEqualTo(1000 * (type == DataType.BYTES ? 12 : type.byteSize()));
    assertThat(random.raw()).isNotEqualTo(zeros.raw());
    assertThat(random).isEqualTo(random(type));
  }

  @ParameterizedTest
  @EnumSource(names = {"FP16", "BF16", "FP32", "FP64"})
  void realNumbersAreNormal(DataType type) {
    ByteBuffer raw = raw(type);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 1000; i++) {
      double value =
          switch (type) {
            case FP16 -> Float.float16ToFloat(raw.getShort());
            case BF16 -> SmallFloats.fromBfloat16(raw.getShort());
            case FP32 -> raw.getFloat();
            default -> raw.getDouble();
          };
      sum += value;
      squares += value * value;
    }

    assertThat(sum / 1000).isCloseTo(0, within(0.2));
    assertThat(squares / 1000).isCloseTo(1, within(0.3));
  }

  @Test
  void integersAreTokensOfAnyVocabulary() {
    ByteBuffer raw = raw(DataType.INT64);
    for (int i = 0; i < 1000; i++) {
      assertThat(raw.getLong()).isBetween(0L, 99L);
    }
  }

  @Test
  void aScalarHasOneElement() {
    assertThat(SyntheticData.zeros(spec(DataType.FP64), List.of()).raw().size()).isEqualTo(8);
  }

  @Test
  void refusesTensorsOfTwoGibibytes() {
    assertThatThrownBy(() -> SyntheticData.zeros(spec(DataType.FP32), List.of(1L << 20, 1L << 9)))
        .isInstanceOf(WorkloadException.class)
        .hasMessage("input 'x': shape [1048576,512] of FP32 (expected less than 2 GiB)");
    assertThatThrownBy(() -> SyntheticData.zeros(spec(DataType.INT8), List.of(1L << 40, 1L << 40)))
        .hasMessageContaining("less than 2 GiB");
  }

  private static TensorSpec spec(DataType type) {
    return Signatures.spec("x", type, -1, 100);
  }

  private static Tensor random(DataType type) {
    return SyntheticData.random(spec(type), SHAPE, new SplittableRandom(3));
  }

  private static ByteBuffer raw(DataType type) {
    return random(type).raw().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
