// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a graph declares at its edge, checked against what can be served and what is configured. */
final class Interface {
  private Interface() {}

  /**
   * Refuses values that the protocol cannot carry.
   *
   * @throws ModelLoadException saying which, and how to export the model without it
   */
  static void checkServable(List<GraphValue> inputs, List<GraphValue> outputs)
      throws ModelLoadException {
    for (GraphValue input : inputs) {
      check("input", input);
      if (input.elementType() == ElementType.UNDEFINED) {
        throw new ModelLoadException("input '" + input.name() + "' has no declared element type");
      }
    }
    if (outputs.isEmpty()) {
      throw new ModelLoadException("the graph has no outputs");
    }
    Set<String> names = new HashSet<>();
    for (GraphValue output : outputs) {
      check("output", output);
      if (!names.add(output.name())) {
        throw new ModelLoadException("output '" + output.name() + "' is declared twice");
      }
    }
  }

  private static void check(String role, GraphValue value) throws ModelLoadException {
    if (value.kind() != GraphValue.Kind.TENSOR) {
      throw new ModelLoadException(
          "%s '%s' is %s (expected a tensor): export the model with tensors in its place%s"
              .formatted(
                  role,
                  value.name(),
                  value.kind().words,
                  role.equals("output")
                      ? " (scikit-learn: options={'zipmap': False}; raw scores instead of maps)"
                      : ", one column per feature"));
    }
    if (value.elementType() != ElementType.UNDEFINED && value.dataType() == null) {
      throw new ModelLoadException(
          "%s '%s' has element type %s, which the protocol does not have: cast it in the graph"
              .formatted(role, value.name(), ElementType.name(value.elementType())));
    }
  }

  /** Whether input shapes vary in more than the first axis. */
  static boolean shapesVary(List<GraphValue> inputs) {
    return inputs.stream()
        .anyMatch(
            input ->
                input.dims() == null
                    || input.dims().stream().skip(1).anyMatch(dim -> dim.size() < 0));
  }

  /** The graph's values as the protocol describes them. */
  static List<TensorSpec> specs(List<GraphValue> values) {
    return values.stream().map(Interface::spec).toList();
  }

  static TensorSpec spec(GraphValue value) {
    DataType type = value.dataType();
    if (type == null) {
      throw new IllegalArgumentException(value + " has no type"); // checked before
    }
    long[] shape = value.shape();
    return shape == null
        ? new TensorSpec(value.name(), type, new long[] {-1}, false)
        : new TensorSpec(value.name(), type, shape);
  }

  /**
   * The graph's inputs with the sizes that the configuration sets where the graph leaves them open.
   *
   * @throws ModelLoadException if the configuration contradicts the graph
   */
  static List<GraphValue> narrowed(List<GraphValue> inputs, List<TensorSpec> declared)
      throws ModelLoadException {
    checkDeclared("input", declared, specs(inputs));
    List<GraphValue> narrowed = new ArrayList<>();
    for (GraphValue input : inputs) {
      TensorSpec spec = find(declared, input.name());
      narrowed.add(spec == null || !spec.rankKnown() ? input : narrowed(input, spec.shape()));
    }
    return narrowed;
  }

  private static GraphValue narrowed(GraphValue input, long[] shape) {
    List<GraphValue.Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < shape.length; axis++) {
      GraphValue.Dim own = input.dims() == null ? null : input.dims().get(axis);
      boolean open = own == null || own.size() < 0;
      dims.add(
          (open && shape[axis] >= 0) || own == null ? new GraphValue.Dim(shape[axis], "") : own);
    }
    return new GraphValue(input.name(), input.kind(), input.elementType(), List.copyOf(dims));
  }

  /**
   * Compares what a configuration says with what is the case.
   *
   * @throws ModelLoadException naming what contradicts
   */
  static void checkDeclared(String role, List<TensorSpec> declared, List<TensorSpec> actual)
      throws ModelLoadException {
    for (TensorSpec spec : declared) {
      TensorSpec own = find(actual, spec.name());
      if (own == null) {
        throw new ModelLoadException(
            "%s '%s' is configured, but the model has none of that name (expected one of %s)"
                .formatted(role, spec.name(), actual.stream().map(TensorSpec::name).toList()));
      }
      if (spec.dataType() != own.dataType() || !shapesAgree(spec, own)) {
        throw new ModelLoadException(
            "%s '%s' is configured as %s (expected %s)".formatted(role, spec.name(), spec, own));
      }
    }
  }

  private static boolean shapesAgree(TensorSpec one, TensorSpec other) {
    if (!one.rankKnown() || !other.rankKnown()) {
      return true;
    }
    if (one.shape().length != other.shape().length) {
      return false;
    }
    for (int i = 0; i < one.shape().length; i++) {
      long a = one.shape()[i];
      long b = other.shape()[i];
      if (a >= 0 && b >= 0 && a != b) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable TensorSpec find(List<TensorSpec> specs, String name) {
    return specs.stream().filter(spec -> spec.name().equals(name)).findFirst().orElse(null);
  }
}
