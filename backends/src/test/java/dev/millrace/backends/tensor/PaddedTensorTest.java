// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

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
