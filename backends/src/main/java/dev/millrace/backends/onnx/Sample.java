// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Made-up input for trying a model out.
 *
 * @param columns one per input
 */
record Sample(List<Column> columns) implements ModelInputs {

  /**
   * One input's rows.
   *
   * @param rowShape the dimensions behind the first axis
   * @param rows each row's bytes
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Column(DataType type, long[] rowShape, List<byte[]> rows) {

    TensorView view() {
      long[] shape = new long[rowShape.length + 1];
      shape[0] = rows.size();
      System.arraycopy(rowShape, 0, shape, 1, rowShape.length);
      return new TensorView(
          type, shape, rows.stream().map(ByteBuffer::wrap).toArray(ByteBuffer[]::new));
    }
  }

  @Override
  public TensorView input(int index) {
    return columns.get(index).view();
  }

  @Override
  public int rows() {
    return columns.get(0).rows().size();
  }

  /** The rows of this and then of the others. */
  Sample and(Sample... others) {
    List<Column> joined = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      List<byte[]> rows = new ArrayList<>(column.rows());
      for (Sample other : others) {
        rows.addAll(other.columns.get(i).rows());
      }
      joined.add(new Column(column.type(), column.rowShape(), rows));
    }
    return new Sample(joined);
  }

  /** One row of this, several times. */
  Sample repeated(int row, int times) {
    return ofRows(times, i -> row);
  }

  /** So many rows: those of this in turn, over and over. */
  Sample cycled(int rows) {
    int all = rows();
    return ofRows(rows, i -> i % all);
  }

  private Sample ofRows(int rows, IntUnaryOperator source) {
    return new Sample(
        columns.stream()
            .map(
                column ->
                    new Column(
                        column.type(),
                        column.rowShape(),
                        IntStream.range(0, rows).map(source).mapToObj(column.rows()::get).toList()))
            .toList());
  }

  /** This with one input taken from another sample, which may have another number of rows. */
  Sample withInput(int index, Sample other) {
    List<Column> changed = new ArrayList<>(columns);
    changed.set(index, other.columns.get(index));
    return new Sample(changed);
  }

  /** Tensors that need not share a batch axis, each given whole. */
  record Whole(List<TensorView> tensors) implements ModelInputs {
    @Override
    public TensorView input(int index) {
      return tensors.get(index);
    }

    @Override
    public int rows() {
      return 1;
    }
  }
}
