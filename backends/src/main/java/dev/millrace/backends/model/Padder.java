// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes rows of one model longer, so that they share a lane and a run with longer ones, and cuts
 * their answers back.
 *
 * <p>Immutable and thread-safe.
 */
public final class Padder {
  /** Of a model whose rows stay as they are. */
  public static final Padder NONE = new Padder(new int[0], List.of(), new int[0]);

  private final int[] sizes;
  private final List<Filled> inputs;

  /** By number of the output its axis that is cut; -1 for none. */
  private final int[] cutAxes;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Filled(int position, String name, int axis, byte[] element) {}

  private Padder(int[] sizes, List<Filled> inputs, int[] cutAxes) {
    this.sizes = sizes;
    this.inputs = inputs;
    this.cutAxes = cutAxes;
  }

  /**
   * One for a model of that signature.
   *
   * @throws IllegalArgumentException if there are {@linkplain Padding#problems problems}
   */
  public static Padder of(ModelSignature signature, Padding padding) {
    if (padding.isEmpty()) {
      return NONE;
    }
    List<String> problems = padding.problems(signature);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
    List<Filled> inputs = new ArrayList<>();
    for (int i = 0; i < signature.inputs().size(); i++) {
      String name = signature.inputs().get(i).name();
      Padding.@Nullable Filler filler = padding.inputs().get(name);
      if (filler != null) {
        byte[] element = Elements.bytes(signature.inputs().get(i).dataType(), filler.value());
        inputs.add(new Filled(i, name, filler.axis(), element));
      }
    }
    int[] cutAxes =
        signature.outputs().stream()
            .mapToInt(output -> padding.outputs().getOrDefault(output.name(), -1))
            .toArray();
    int[] sizes = padding.sizes().stream().mapToInt(Integer::intValue).toArray();
    return new Padder(sizes, List.copyOf(inputs), cutAxes);
  }

  /**
   * Makes the rows of a request longer.
   *
   * @param tensors in the signature's order; those that grow are replaced
   * @return how its answer is cut back
   * @throws InferException if its tensors differ in length
   */
  public Cut pad(TensorView[] tensors) throws InferException {
    if (inputs.isEmpty()) {
      return Cut.NONE;
    }
    Filled first = inputs.getFirst();
    long size = size(tensors, first);
    for (Filled other : inputs) {
      if (size(tensors, other) != size) {
        throw InferException.invalid(
            "input '%s': shape %s (expected %d on axis %d, as long as input '%s')"
                .formatted(
                    other.name,
                    Shapes.format(tensors[other.position].shape()),
                    size,
                    other.axis,
                    first.name));
      }
    }
    long padded = paddedSize(size);
    if (padded == size) {
      return Cut.NONE;
    }
    for (Filled input : inputs) {
      tensors[input.position] = tensors[input.position].padded(input.axis, padded, input.element);
    }
    return new Cut(cutAxes, size, padded);
  }

  private static long size(TensorView[] tensors, Filled input) {
    return tensors[input.position].shape()[input.axis];
  }

  private long paddedSize(long size) {
    for (int candidate : sizes) {
      if (candidate >= size) {
        return candidate;
      }
    }
    return size;
  }
}
