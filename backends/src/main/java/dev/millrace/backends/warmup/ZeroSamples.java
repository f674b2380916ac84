// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import dev.millrace.backends.warmup.NamedTensors.NamedTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests of one row of zeros, for a model of which nobody has recorded any. Whether a model likes
 * them nobody knows.
 */
public final class ZeroSamples {

  /** For all dimensions that are left open, in turn: few models refuse all of them. */
  private static final long[] OPEN_SIZES = {8, 1, 64};

  /** Of a row with a size that we have chosen: an image's both sides, and a few such inputs. */
  private static final long MOST_OPEN_BYTES = 1 << 20;

  private final ModelSignature signature;
  private final InputChecker checker;

  private ZeroSamples(ModelSignature signature) {
    this.signature = signature;
    this.checker = new InputChecker("", signature, 1);
  }

  /** None if the signature does not say enough to make one. */
  public static List<Sample> of(ModelSignature signature) {
    ZeroSamples zeros = new ZeroSamples(signature);
    if (signature.inputs().stream().anyMatch(input -> !input.rankKnown())) {
      return List.of();
    }
    List<Sample> samples = new ArrayList<>();
    if (hasOpenSizes(signature)) {
      for (long size : OPEN_SIZES) {
        zeros.add(samples, size, MOST_OPEN_BYTES);
      }
    } else {
      zeros.add(samples, 1, MadeUp.MOST_BYTES);
    }
    return samples;
  }

  /** Whether a row may have several shapes. */
  public static boolean hasOpenSizes(ModelSignature signature) {
    for (TensorSpec input : signature.inputs()) {
      for (int axis = signature.isBatched() ? 1 : 0; axis < input.shape().length; axis++) {
        if (input.shape()[axis] < 0) {
          return true;
        }
      }
    }
    return false;
  }

  private void add(List<Sample> samples, long openSize, long mostBytes) {
    try {
      List<NamedTensor> tensors = new ArrayList<>();
      for (TensorSpec input : signature.inputs()) {
        tensors.add(new NamedTensor(input.name(), tensor(input, openSize)));
      }
      Sample sample = new Sample("zeros", checker.check(new NamedTensors(tensors)), 1, 1);
      if (sample.inputs().bytes() <= mostBytes) {
        samples.add(sample);
      }
    } catch (InferException e) {
      // too large to be tried blindly
    }
  }

  private TensorView tensor(TensorSpec input, long openSize) throws InferException {
    long[] shape = input.shape().clone();
    for (int axis = 0; axis < shape.length; axis++) {
      if (axis == 0 && signature.isBatched()) {
        shape[axis] = 1;
      } else if (shape[axis] < 0) {
        shape[axis] = openSize;
      }
    }
    return new TensorView(input.dataType(), shape, MadeUp.zeros(input.dataType(), shape));
  }
}
