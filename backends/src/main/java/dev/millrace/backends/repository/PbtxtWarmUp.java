// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.WarmUpRequest.Input;
import dev.millrace.backends.repository.WarmUpRequest.Source;
import dev.millrace.backends.tensor.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Reads {@code model_warmup} of a {@code config.pbtxt}. */
final class PbtxtWarmUp {
  private static final String FIELD = "model_warmup";

  private final boolean batched;
  private final ManifestProblems problems;

  /**
   * @param batched whether shapes are given without the batch axis
   */
  PbtxtWarmUp(boolean batched, ManifestProblems problems) {
    this.batched = batched;
    this.problems = problems;
  }

  List<WarmUpRequest> read(PbtxtMessage config) {
    return config.all(FIELD).map(this::request).toList();
  }

  private WarmUpRequest request(TextField field) {
    PbtxtMessage message = PbtxtMessage.message(field).orElseThrow();
    String what = FIELD + " " + Names.quoted(message.string("name").orElse(""));
    List<Input> inputs = new ArrayList<>();
    for (TextField entry : message.all("inputs").toList()) {
      input(entry, what).ifPresent(inputs::add);
    }
    // 0 is protobuf's way of leaving it out
    return new WarmUpRequest(
        what,
        count(message, "batch_size", ManifestKey.MAX_BATCH_SIZE.max()),
        count(message, "count", Integer.MAX_VALUE),
        List.copyOf(inputs));
  }

  private static int count(PbtxtMessage message, String field, long most) {
    return (int) Math.clamp(message.integer(field).orElse(1), 1, most);
  }

  private Optional<Input> input(TextField field, String what) {
    PbtxtMessage entry = PbtxtMessage.message(field).orElseThrow();
    PbtxtMessage value = entry.message("value").orElse(new PbtxtMessage(List.of()));
    String name = entry.string("key").orElse("");
    String where = what + " input " + Names.quoted(name);
    Optional<DataType> type =
        value.constant("data_type", "DataType").flatMap(PbtxtTensors::dataType);
    long[] dims = value.integers("dims");
    Optional<Source> source = source(value);
    if (type.isEmpty()) {
      problem(field, where + ": data_type is missing (expected TYPE_FP32, say)");
    } else if (source.isEmpty()) {
      problem(field, where + ": no data (expected zero_data, random_data or input_data_file)");
    } else if (LongStream.of(dims).anyMatch(size -> size < 0)) {
      problem(field, where + ": dims " + Arrays.toString(dims) + " (expected sizes)");
    } else {
      return Optional.of(new Input(name, type, shape(dims), source.get()));
    }
    return Optional.empty();
  }

  /** The full one of one row. */
  private List<Long> shape(long[] dims) {
    return LongStream.concat(batched ? LongStream.of(1) : LongStream.empty(), LongStream.of(dims))
        .boxed()
        .toList();
  }

  private static Optional<Source> source(PbtxtMessage value) {
    if (value.isTrue("zero_data")) {
      return Optional.of(new Source.Zeros());
    }
    if (value.isTrue("random_data")) {
      return Optional.of(new Source.Random());
    }
    return value.string("input_data_file").map(Source.Content::new);
  }

  private void problem(TextField field, String problem) {
    problems.add(field.line(), field.column(), problem);
  }
}
