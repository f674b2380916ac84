// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the inputs and outputs of a {@code config.pbtxt}. */
final class PbtxtTensors {
  private final boolean batched;
  private final ManifestProblems problems;
  private final List<String> notes;

  /**
   * @param batched whether shapes are given without the batch axis
   */
  PbtxtTensors(boolean batched, ManifestProblems problems, List<String> notes) {
    this.batched = batched;
    this.problems = problems;
    this.notes = notes;
  }

  /** All tensors of one field, {@code input} or {@code output}, with their full shapes. */
  List<TensorSpec> read(PbtxtMessage config, String fieldName) {
    List<TensorSpec> specs = new ArrayList<>();
    Set<String> names = new HashSet<>();
    config
        .all(fieldName)
        .forEach(
            field -> {
              PbtxtMessage tensor = PbtxtMessage.message(field).orElseThrow();
              Optional<String> name = tensor.string("name");
              if (name.isEmpty()) {
                problems.add(field.line(), field.column(), fieldName + ": name is missing");
              } else if (!names.add(name.get())) {
                problems.add(
                    field.line(),
                    field.column(),
                    fieldName + " " + Names.quoted(name.get()) + " twice");
              } else {
                read(field, tensor, name.get()).ifPresent(specs::add);
              }
            });
    return specs;
  }

  private Optional<TensorSpec> read(TextField field, PbtxtMessage tensor, String name) {
    String what = field.name() + " " + Names.quoted(name);
    refuse(tensor, what, "is_shape_tensor");
    refuse(tensor, what, "is_non_linear_format_io");
    refuse(tensor, what, "allow_ragged_batch");
    refuse(tensor, what, "optional");
    note(tensor, what, "label_filename");
    if (!tensor.constant("format", "Format").orElse("FORMAT_NONE").equals("FORMAT_NONE")) {
      note(tensor, what, "format");
    }
    Optional<DataType> dataType =
        tensor.constant("data_type", "DataType").flatMap(PbtxtTensors::dataType);
    if (dataType.isEmpty()) {
      problems.add(
          field.line(), field.column(), what + ": data_type is missing (expected TYPE_FP32, say)");
    }
    Optional<long[]> shape = shape(field, tensor, what);
    if (dataType.isEmpty() || shape.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new TensorSpec(name, dataType.get(), shape.get()));
  }

  private Optional<long[]> shape(TextField field, PbtxtMessage tensor, String what) {
    boolean sizesAreRight = checkSizes(tensor, "dims", what);
    Optional<PbtxtMessage> reshape = tensor.message("reshape");
    if (!tensor.has("dims") && reshape.isEmpty()) {
      problems.add(
          field.line(), field.column(), what + ": dims is missing (expected a list of sizes)");
      return Optional.empty();
    }
    long[] own = tensor.integers("dims");
    if (reshape.isPresent()) {
      sizesAreRight &= checkSizes(reshape.get(), "shape", what + " reshape");
      own = reshape.get().integers("shape");
      notes.add(
          what
              + ": clients send the model's own shape "
              + Shapes.format(full(own))
              + ", not "
              + Shapes.format(full(tensor.integers("dims"))));
    }
    return sizesAreRight ? Optional.of(full(own)) : Optional.empty();
  }

  private boolean checkSizes(PbtxtMessage message, String fieldName, String what) {
    List<TextField> wrong =
        message
            .all(fieldName)
            .filter(
                size ->
                    PbtxtValues.integer(size.value())
                        .filter(n -> n.signum() > 0 || n.intValue() == -1)
                        .isEmpty())
            .toList();
    for (TextField size : wrong) {
      String value = size.value() instanceof TextField.Numeral number ? number.literal() : "?";
      problems.add(
          size.line(),
          size.column(),
          what + ": " + fieldName + ": " + value + " (expected -1 or a size)");
    }
    return wrong.isEmpty();
  }

  private long[] full(long[] shape) {
    if (!batched) {
      return shape;
    }
    long[] full = new long[shape.length + 1];
    full[0] = -1;
    System.arraycopy(shape, 0, full, 1, shape.length);
    return full;
  }

  private void refuse(PbtxtMessage tensor, String what, String fieldName) {
    if (tensor.isTrue(fieldName)) {
      TextField field = tensor.field(fieldName).orElseThrow();
      problems.add(field.line(), field.column(), what + ": " + fieldName + " is not supported yet");
    }
  }

  private void note(PbtxtMessage tensor, String what, String fieldName) {
    if (tensor.has(fieldName)) {
      notes.add(what + ": " + fieldName + " has no effect");
    }
  }

  static Optional<DataType> dataType(String constant) {
    if (constant.equals("TYPE_STRING")) {
      return Optional.of(DataType.BYTES);
    }
    String name = constant.substring("TYPE_".length()); // all others carry the protocol's names
    return Arrays.stream(DataType.values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
