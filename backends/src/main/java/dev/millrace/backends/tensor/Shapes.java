// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

/** Arithmetic and text of tensor shapes: row-major dimensions, -1 where any size goes. */
public final class Shapes {
  private Shapes() {}

  /** The shape as text, {@code [3,5]}. */
  public static String format(long... shape) {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < shape.length; i++) {
      if (i > 0) {
        text.append(',');
      }
      text.append(shape[i]);
    }
    return text.append(']').toString();
  }

  /**
   * Elements of a shape without -1; a scalar has one.
   *
   * @throws ArithmeticException if the product exceeds a long
   */
  public static long elements(long... shape) {
    return elementsFrom(shape, 0);
  }

  /**
   * Elements of one step along axis {@code axis - 1}: the product of the dimensions from axis on.
   */
  public static long elementsFrom(long[] shape, int axis) {
    for (int i = axis; i < shape.length; i++) {
      if (shape[i] == 0) {
        return 0; // whatever the other dimensions are: they may not overflow on the way to 0
      }
    }
    long product = 1;
    for (int i = axis; i < shape.length; i++) {
      product = Math.multiplyExact(product, shape[i]);
    }
    return product;
  }

  /** Whether a concrete shape fits a declared one: same rank, and equal wherever that is not -1. */
  public static boolean fits(long[] shape, long[] declared) {
    if (shape.length != declared.length) {
      return false;
    }
    for (int i = 0; i < shape.length; i++) {
      if (declared[i] != -1 && declared[i] != shape[i]) {
        return false;
      }
    }
    return true;
  }
}
