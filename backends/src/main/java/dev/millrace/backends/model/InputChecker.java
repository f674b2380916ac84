// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Compares requests with the signature of one model version, completely, before they are queued: a
 * request that passes can fail only by its values, so that it cannot harm those that share its run.
 *
 * <p>Immutable and thread-safe.
 */
public final class InputChecker {

  /** The tensors that came with a request, in any order. */
  public interface Given {
    int count();

    String name(int index);

    TensorView tensor(int index);
  }

  /** The shape key of every request to a model whose row shape is fixed. */
  private static final Object FIXED = "fixed";

  private final String model;
  private final ModelSignature signature;
  private final int maxRequestRows;
  private final Padder padder;
  private final Map<String, Integer> positions = new HashMap<>();
  private final String[] names;
  private final boolean fixedRowShape;

  /**
   * @param model the model's name, for messages
   * @param maxRequestRows rows of one request at most
   */
  public InputChecker(String model, ModelSignature signature, int maxRequestRows) {
    this(model, signature, maxRequestRows, Padder.NONE);
  }

  /**
   * @param padder of rows that may be made longer
   */
  public InputChecker(String model, ModelSignature signature, int maxRequestRows, Padder padder) {
    this.padder = padder;
    this.model = model;
    this.signature = signature;
    this.maxRequestRows = maxRequestRows;
    boolean fixed = signature.isBatched();
    this.names = signature.inputs().stream().map(TensorSpec::name).toArray(String[]::new);
    for (TensorSpec input : signature.inputs()) {
      positions.put(input.name(), positions.size());
      fixed = fixed && Arrays.stream(input.shape()).skip(1).allMatch(dim -> dim >= 0);
    }
    this.fixedRowShape = fixed;
  }

  /** Whether all rows that may share a batch have the same shape, so that all wait in one lane. */
  public boolean hasOneRowShape() {
    return fixedRowShape;
  }

  /**
   * Puts a request's tensors into the signature's order.
   *
   * @throws InferException of kind INVALID, naming the tensor, the value and what was expected
   */
  public CheckedInputs check(Given given) throws InferException {
    int expected = signature.inputs().size();
    TensorView[] tensors = new TensorView[expected];
    int known = 0;
    long bytes = 0;
    for (int i = 0; i < given.count(); i++) {
      String name = given.name(i);
      int position = position(name, i);
      if (position < 0) {
        throw InferException.invalid(
            "input '%s': unknown to model '%s' (expected %s)"
                .formatted(name, model, positions.keySet().stream().sorted().toList()));
      }
      if (tensors[position] != null) {
        throw InferException.invalid("input '%s': given twice".formatted(name));
      }
      TensorView tensor = given.tensor(i);
      checkTensor(signature.inputs().get(position), tensor);
      tensors[position] = tensor;
      bytes += tensor.byteLength();
      known++;
    }
    if (known < expected) {
      throw InferException.invalid(
          "input '%s': missing (model '%s' expects %s)"
              .formatted(firstMissing(tensors), model, signature.inputs()));
    }
    int rows = signature.isBatched() ? rows(tensors) : 1;
    Cut cut = padder.pad(tensors);
    // requests to an unbatched model run alone, whatever their shapes
    Object shapeKey = fixedRowShape || !signature.isBatched() ? FIXED : new RowShapes(tensors);
    long rowSize = fixedRowShape ? 1 : elements(tensors) / Math.max(1, rows);
    return new CheckedInputs(tensors, rows, shapeKey, rowSize, bytes, cut);
  }

  private static long elements(TensorView[] tensors) {
    long elements = 0;
    for (TensorView tensor : tensors) {
      elements += Shapes.elements(tensor.shape());
    }
    return elements;
  }

  /**
   * Where the signature has that input; -1 if nowhere. Most requests name them in its order, and
   * then the look-up, with its steps through memory that has left the caches, can be spared.
   */
  private int position(String name, int likely) {
    if (likely < names.length && names[likely].equals(name)) {
      return likely;
    }
    return positions.getOrDefault(name, -1);
  }

  private String firstMissing(TensorView[] tensors) {
    int missing = Arrays.asList(tensors).indexOf(null);
    return signature.inputs().get(missing).name();
  }

  private static void checkTensor(TensorSpec spec, TensorView tensor) throws InferException {
    if (tensor.dataType() != spec.dataType()) {
      throw InferException.invalid(
          "input '%s': datatype %s (expected %s)"
              .formatted(spec.name(), tensor.dataType(), spec.dataType()));
    }
    for (long dim : tensor.shape()) {
      if (dim < 0) {
        throw InferException.invalid(
            "input '%s': shape %s (expected sizes of 0 or more)"
                .formatted(spec.name(), Shapes.format(tensor.shape())));
      }
    }
    if (spec.rankKnown() && !Shapes.fits(tensor.shape(), spec.shape())) {
      throw InferException.invalid(
          "input '%s': shape %s (expected %s)"
              .formatted(spec.name(), Shapes.format(tensor.shape()), Shapes.format(spec.shape())));
    }
  }

  private int rows(TensorView[] tensors) throws InferException {
    long rows = tensors[0].shape()[0];
    for (int i = 1; i < tensors.length; i++) {
      if (tensors[i].shape()[0] != rows) {
        throw InferException.invalid(
            "input '%s': %d rows (expected %d, as in input '%s')"
                .formatted(
                    signature.inputs().get(i).name(),
                    tensors[i].shape()[0],
                    rows,
                    signature.inputs().get(0).name()));
      }
    }
    if (rows > maxRequestRows) {
      throw InferException.invalid(
          "input '%s': %d rows (expected at most %d, max_request_rows of model '%s')"
              .formatted(signature.inputs().get(0).name(), rows, maxRequestRows, model));
    }
    return (int) rows;
  }

  /** The shapes of all inputs behind the batch axis. */
  private static final class RowShapes {
    private final long[][] shapes;
    private final int hash;

    RowShapes(TensorView[] tensors) {
      // the shapes alone: a lane keeps its key, and is not to keep a request's bytes with it
      this.shapes = new long[tensors.length][];
      int hash = 0;
      for (int i = 0; i < tensors.length; i++) {
        long[] shape = tensors[i].shape();
        shapes[i] = shape;
        for (int axis = 1; axis < shape.length; axis++) {
          hash = 31 * hash + Long.hashCode(shape[axis]);
        }
        hash = 31 * hash + shape.length;
      }
      this.hash = hash;
    }

    @Override
    public boolean equals(Object other) {
      if (!(other instanceof RowShapes that) || that.shapes.length != shapes.length) {
        return false;
      }
      for (int i = 0; i < shapes.length; i++) {
        long[] a = shapes[i];
        long[] b = that.shapes[i];
        int from = Math.min(1, a.length);
        if (a.length != b.length || !Arrays.equals(a, from, a.length, b, from, b.length)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
