// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs a model on made-up input and remembers the shapes of what came out. */
final class Trials {
  private final Runner runner;
  private final Answer.Rounding rounding;
  private final List<GraphValue> inputs;
  private final GraphHints hints;
  private final long deadlineNanos;
  private final List<Seen> seen = new ArrayList<>();

  // always the same values: a model's verdict does not change from one start to the next
  private final Random random = new Random(20_261_122);
  private String lastError = "";
  private long lastRunNanos;

  /** What was seen of one output's shape: -1 where it varied; null if even its rank did. */
  static final class Seen {
    private long @Nullable [] shape;
    private boolean rankVaries;
    private boolean any;

    void add(long[] observed) {
      if (!any) {
        shape = observed.clone();
        any = true;
      } else if (shape != null && shape.length == observed.length) {
        for (int i = 0; i < observed.length; i++) {
          shape[i] = shape[i] == observed[i] ? observed[i] : -1;
        }
      } else {
        shape = null;
        rankVaries = true;
      }
    }

    boolean any() {
      return any;
    }

    boolean rankVaries() {
      return rankVaries;
    }

    long @Nullable [] shape() {
      return shape;
    }
  }

  /**
   * @param rounding of the device that the runner runs on
   */
  Trials(
      Runner runner,
      Answer.Rounding rounding,
      List<GraphValue> inputs,
      int outputs,
      GraphHints hints,
      long maxMillis) {
    this.runner = runner;
    this.rounding = rounding;
    this.hints = hints;
    this.inputs = inputs;
    this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(maxMillis);
    for (int i = 0; i < outputs; i++) {
      seen.add(new Seen());
    }
  }

  boolean timeLeft() {
    return System.nanoTime() - deadlineNanos < 0;
  }

  /** What the last run that did not fail took. */
  long lastRunNanos() {
    return lastRunNanos;
  }

  /** Why the last run that failed did. */
  String lastError() {
    return lastError;
  }

  Seen seen(int output) {
    return seen.get(output);
  }

  /** Rows of values; null if the sizes make them too large. */
  @Nullable Sample sample(TrialValues values, OpenSizes sizes, int firstRow, int rows) {
    List<Sample.Column> columns = new ArrayList<>();
    for (GraphValue input : inputs) {
      long[] rowShape = sizes.resolve(dims(input), 1);
      if (rowShape == null) {
        return null;
      }
      List<byte[]> bytes = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        bytes.add(
            values.row(type(input), Shapes.elements(rowShape), firstRow + row, random, hints));
      }
      columns.add(new Sample.Column(type(input), rowShape, bytes));
    }
    return new Sample(columns);
  }

  /** Whole tensors, first axis like any other; null if the sizes make them too large. */
  Sample.@Nullable Whole whole(TrialValues values, OpenSizes sizes) {
    List<TensorView> tensors = new ArrayList<>();
    for (GraphValue input : inputs) {
      long[] shape =
          input.dims() == null ? new long[] {sizes.size()} : sizes.resolve(dims(input), 0);
      if (shape == null) {
        return null;
      }
      byte[] bytes = values.row(type(input), Shapes.elements(shape), 0, random, hints);
      tensors.add(new TensorView(type(input), shape, ByteBuffer.wrap(bytes)));
    }
    return new Sample.Whole(tensors);
  }

  /** The answers to a sample, one per output; null if the run fails. */
  @Nullable List<Answer> run(ModelInputs sample) {
    try {
      OutputTensor[] outputs = runner.run(List.of(sample), 1);
      lastRunNanos = runner.lastTimes().runNanos();
      for (int i = 0; i < outputs.length; i++) {
        seen.get(i).add(outputs[i].shape());
      }
      return Arrays.stream(outputs).map(this::answer).toList();
    } catch (ModelRunException e) {
      lastError = String.valueOf(e.getMessage());
      return null;
    }
  }

  /** An output, to be compared with others. */
  Answer answer(OutputTensor output) {
    return new Answer(output, rounding);
  }

  private static List<GraphValue.Dim> dims(GraphValue input) {
    return input.dims() == null ? List.of() : input.dims();
  }

  private static DataType type(GraphValue input) {
    DataType type = input.dataType();
    if (type == null) {
      throw new IllegalArgumentException("input '" + input.name() + "' is no tensor");
    }
    return type;
  }
}
