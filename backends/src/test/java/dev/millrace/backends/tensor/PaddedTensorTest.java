// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PaddedTensorTest {
  private static final byte[] NINE = {9};

  @Test
  void eachRowGrowsBehindItsEnd() {
    TensorView longer = tensor(new long[] {2, 2}, new byte[] {1, 2, 3, 4}).padded(1, 3, NINE);

    assertThat(longer.shape()).containsExactly(2, 3);
    assertThat(bytes(longer)).containsExactly(1, 2, 9, 3, 4, 9);
  }

  @Test
  void slicesMayEndWithinARow() {
    TensorView longer =
        tensor(new long[] {3, 2}, new byte[] {1}, new byte[] {}, new byte[] {2, 3, 4, 5, 6})
            .padded(1, 4, NINE);

    assertThat(bytes(longer)).containsExactly(1, 2, 9, 9, 3, 4, 9, 9, 5, 6, 9, 9);
  }

  @Test
  void anAxisInTheMiddleGrowsByWholeBlocks() {
    TensorView longer = tensor(new long[] {2, 1, 2}, new byte[] {1, 2, 3, 4}).padded(1, 2, NINE);

    assertThat(bytes(longer)).containsExactly(1, 2, 9, 9, 3, 4, 9, 9);
  }

  @Test
  void rowsOfNothingBecomeAllPadding() {
    TensorView longer = tensor(new long[] {2, 0}).padded(1, 2, NINE);

    assertThat(bytes(longer)).containsExactly(9, 9, 9, 9);
  }

  @Test
  void noRowsStayNone() {
    TensorView longer = tensor(new long[] {0, 2}).padded(1, 5, NINE);

    assertThat(longer.shape()).containsExactly(0, 5);
    assertThat(longer.byteLength()).isZero();
    assertThat(bytes(longer)).isEmpty();
  }

  @Test
  void elementsOfSeveralBytesAreAddedWhole() {
    TensorView longer =
        new TensorView(DataType.INT16, new long[] {1, 1}, ByteBuffer.wrap(new byte[] {1, 2}))
            .padded(1, 2, new byte[] {7, 8});

    assertThat(bytes(longer)).containsExactly(1, 2, 7, 8);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 8, 9, 63, 64, 65, 1001})
  void anyNumberOfElementsOfAnySizeIsAddedAndNothingElseIsWritten(int added) {
    for (DataType type : List.of(DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64)) {
      for (boolean repeats : new boolean[] {true, false}) {
        byte[] element = new byte[type.byteSize()];
        for (int i = 0; i < element.length; i++) {
          element[i] = (byte) (repeats ? 77 : 77 + i);
        }
        assertPadded(type, element, added, ByteBuffer.allocate(3 * 8 * (3 + added) + 10));
        assertPadded(type, element, added, ByteBuffer.allocateDirect(3 * 8 * (3 + added) + 10));
      }
    }
  }

  /** Three rows of three elements, which are counted byte by byte, into a buffer of fives. */
  private static void assertPadded(DataType type, byte[] element, int added, ByteBuffer target) {
    byte[] rows = new byte[3 * 3 * element.length];
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    expected.writeBytes(new byte[] {5, 5, 5});
    for (int row = 0; row < 3; row++) {
      for (int i = 0; i < 3 * element.length; i++) {
        int at = row * 3 * element.length + i;
        rows[at] = (byte) at;
        expected.write(at);
      }
      for (int i = 0; i < added; i++) {
        expected.writeBytes(element);
      }
    }
    int end = expected.size();
    while (expected.size() < target.capacity()) {
      expected.write(5);
    }
    MemorySegment.ofBuffer(target).fill((byte) 5);

    TensorView tensor = new TensorView(type, new long[] {3, 3}, ByteBuffer.wrap(rows));
    assertThat(tensor.padded(1, 3 + added, element).copyTo(target, 3)).isEqualTo(end);

    byte[] all = new byte[target.capacity()];
    target.get(0, all);
    assertThat(all).isEqualTo(expected.toByteArray());
  }

  private static TensorView tensor(long[] shape, byte[]... slices) {
    ByteBuffer[] buffers = new ByteBuffer[slices.length];
    for (int i = 0; i < slices.length; i++) {
      buffers[i] = ByteBuffer.wrap(slices[i]);
    }
    return new TensorView(DataType.INT8, shape, buffers);
  }

  /** Both ways of reading it, which have to agree. */
  private static byte[] bytes(TensorView tensor) {
    byte[] copied = new byte[(int) tensor.byteLength() + 1];
    assertThat(tensor.copyTo(ByteBuffer.wrap(copied), 1)).isEqualTo(copied.length);
    byte[] whole = new byte[(int) tensor.byteLength()];
    tensor.contiguous().get(0, whole);
    assertThat(copied).endsWith(whole);
    return whole;
  }
}
