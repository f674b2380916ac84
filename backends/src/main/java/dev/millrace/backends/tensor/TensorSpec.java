// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import java.util.Arrays;

/**
 * What a model says of one of its inputs or outputs.
 *
 * @param name the tensor's name in the graph
 * @param dataType its element type
 * @param shape the full shape, batch axis included, -1 where any size goes; not to be modified
 * @param rankKnown false if the graph leaves even the rank open; {@code shape} is then {@code [-1]}
 */
@SuppressWarnings("ArrayRecordComponent") // read on the request path; equality is written out below
public record TensorSpec(String name, DataType dataType, long[] shape, boolean rankKnown) {

  public TensorSpec(String name, DataType dataType, long... shape) {
    this(name, dataType, shape, true);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorSpec that
        && name.equals(that.name)
        && dataType == that.dataType
        && rankKnown == that.rankKnown
        && Arrays.equals(shape, that.shape);
  }

  @Override
  public int hashCode() {
    return name.hashCode() * 31 + Arrays.hashCode(shape);
  }

  @Override
  public String toString() {
    return name + " " + dataType + (rankKnown ? Shapes.format(shape) : "[any rank]");
  }
}
