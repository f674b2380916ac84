// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether rows of several requests may share a run.
 *
 * <p>A graph cannot be asked: exporters name the leading axis differently or not at all, an open
 * first axis may be a sequence or a height, and a sum over the batch has a perfectly innocent
 * shape. So what is declared only rules models out; the others are run, rows alone and rows
 * together, in several orders and numbers, on values of several kinds. A model is batched only if
 * every output then has one row per row of input and no row's values depend on the rows beside it.
 * In doubt it is not: a model that could have been batched is slower, one that must not have been
 * is wrong.
 */
final class BatchProof {
  /** The first two always run, the others while there is time. */
  private static final List<TrialValues> KINDS =
      List.of(
          TrialValues.NORMAL,
          TrialValues.MIXED,
          TrialValues.CONSTANTS,
          TrialValues.UNIFORM,
          TrialValues.LARGE,
          TrialValues.SPARSE,
          TrialValues.EXTREME,
          TrialValues.NEGATIVE,
          TrialValues.SPECIAL);

  private static final int KINDS_ALWAYS_RUN = 2;

  /** A row that takes longer is slow: the 200 rows of all trials would take 10 s. */
  private static final long SLOW_NANOS = 50_000_000;

  /** Names that exporters make up for an open dimension; no word of the model's author. */
  private static final Pattern MADE_UP_NAME =
      Pattern.compile("|\\?|None|unk__\\d+|s\\d+|.*_dynamic_axes_\\d+|.*_?dim_?\\d+|dyn.*");

  private final Trials trials;
  private final List<GraphValue> inputs;
  private final List<TensorSpec> outputs;

  /** Whether a row takes so long that only the least is tried. */
  private boolean slow;

  BatchProof(Trials trials, List<GraphValue> inputs, List<TensorSpec> outputs) {
    this.trials = trials;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Why the model cannot be batched; nothing if it can. */
  Optional<String> objection(Set<Long> sizeHints) {
    Optional<String> declared = declaredObjection(inputs);
    if (declared.isPresent()) {
      observe(sizeHints);
      return declared;
    }
    OpenSizes sizes = findSizes(sizeHints);
    if (sizes == null) {
      return Optional.of("it could not be tried out: " + trials.lastError());
    }
    int proven = 0;
    for (int i = 0; i < KINDS.size(); i++) {
      if (i >= KINDS_ALWAYS_RUN && proven > 0 && !trials.timeLeft()) {
        break;
      }
      TrialValues kind = KINDS.get(i);
      Optional<String> objection = kind.aloneToo() ? tryAlone(kind, sizes) : tryFilled(kind, sizes);
      if (objection.isPresent() && !objection.get().isEmpty()) {
        return objection;
      }
      proven += objection.isEmpty() && kind.aloneToo() ? 1 : 0;
    }
    if (proven == 0) {
      return Optional.of("it could not be tried out: " + trials.lastError());
    }
    Optional<String> untied = untiedInputs(sizes);
    if (untied.isEmpty()) {
      observeAnotherSize(sizes, sizeHints);
    }
    return untied;
  }

  /** What the declared input shapes alone say against batching. */
  static Optional<String> declaredObjection(List<GraphValue> inputs) {
    if (inputs.isEmpty()) {
      return Optional.of("it has no inputs");
    }
    Set<String> batchNames = new HashSet<>();
    for (GraphValue input : inputs) {
      List<GraphValue.Dim> dims = input.dims();
      String name = "input '" + input.name() + "' ";
      if (dims == null) {
        return Optional.of(name + "has an open rank");
      }
      if (dims.isEmpty()) {
        return Optional.of(name + "is a scalar");
      }
      if (dims.get(0).size() >= 0) {
        return Optional.of(name + "has a fixed first axis of " + dims.get(0).size());
      }
      batchNames.add(dims.get(0).symbol());
    }
    batchNames.remove("");
    for (GraphValue input : inputs) {
      List<GraphValue.Dim> dims = input.dims() == null ? List.of() : input.dims();
      for (int axis = 1; axis < dims.size(); axis++) {
        if (batchNames.contains(dims.get(axis).symbol())) {
          return Optional.of(
              "input '%s' has '%s' on axis %d, which is a first axis too"
                  .formatted(input.name(), dims.get(axis).symbol(), axis));
        }
      }
    }
    return Optional.empty();
  }

  private @Nullable OpenSizes findSizes(Set<Long> hints) {
    boolean open =
        inputs.stream()
            .anyMatch(
                input ->
                    input.dims() != null
                        && input.dims().stream().skip(1).anyMatch(dim -> dim.size() < 0));
    for (long size : open ? OpenSizes.candidates(hints) : Set.of(1L)) {
      OpenSizes sizes = new OpenSizes(size);
      for (TrialValues kind : List.of(TrialValues.NORMAL, TrialValues.UNIFORM)) {
        Sample sample = trials.sample(kind, sizes, 0, 1);
        if (sample != null && trials.run(sample) != null) {
          // the first run of all may have been slow for other reasons
          slow =
              trials.lastRunNanos() > SLOW_NANOS
                  && trials.run(sample) != null
                  && trials.lastRunNanos() > SLOW_NANOS;
          return sizes;
        }
      }
      if (!trials.timeLeft()) {
        break;
      }
    }
    return null;
  }

  /**
   * Compares rows with what they give alone.
   *
   * @return an objection; an empty text if these values do not run; nothing if all is well
   */
  private Optional<String> tryAlone(TrialValues kind, OpenSizes sizes) {
    Sample first = trials.sample(kind, sizes, 0, 1);
    Sample second = trials.sample(kind, sizes, 1, 2);
    Sample more = trials.sample(kind, sizes, 3, 5);
    if (first == null || second == null || more == null) {
      return Optional.of("");
    }
    List<Answer> alone = trials.run(first);
    List<Answer> two = alone == null ? null : trials.run(second);
    if (alone == null || two == null) {
      return Optional.of("");
    }
    List<Answer> again = trials.run(first);
    return rows(alone, 1)
        .or(() -> rows(two, 2))
        .or(() -> sameEachTime(alone, again))
        .or(() -> together(first.and(second), 3, alone, 0, two, 1))
        .or(() -> together(second.and(first), 3, alone, 2, two, 0))
        // another number of rows, many enough for other code paths
        .or(() -> moreRows(first, slow ? second : more, second, alone, two));
  }

  private Optional<String> moreRows(
      Sample first, Sample more, Sample second, List<Answer> one, List<Answer> two) {
    Sample all = first.and(second, more);
    int rows = all.rows();
    List<Answer> joint = trials.run(all);
    if (joint != null) {
      return rows(joint, rows)
          .or(() -> same(joint, 0, one, 0))
          .or(() -> same(joint, 1, two, 0))
          .or(() -> same(joint, 2, two, 1));
    }
    // the added rows may hold a value that the model refuses; the first one does not
    return trials.run(first.repeated(0, rows)) != null
        ? Optional.empty()
        : Optional.of("%d rows do not run: %s".formatted(rows, trials.lastError()));
  }

  private Optional<String> together(
      Sample sample, int rows, List<Answer> one, int oneAt, List<Answer> two, int twoAt) {
    List<Answer> joint = trials.run(sample);
    if (joint == null) {
      return Optional.of("%d rows do not run: %s".formatted(rows, trials.lastError()));
    }
    return rows(joint, rows)
        .or(() -> same(joint, oneAt, one, 0))
        .or(() -> same(joint, twoAt, two, 0))
        .or(() -> same(joint, twoAt + 1, two, 1));
  }

  /** Compares rows of a batch with the same rows in a batch filled with copies of them. */
  private Optional<String> tryFilled(TrialValues kind, OpenSizes sizes) {
    int rows = slow ? 3 : kind.scales().length + 2;
    Sample sample = trials.sample(kind, sizes, 0, rows);
    List<Answer> joint = sample == null ? null : trials.run(sample);
    if (sample == null || joint == null) {
      return Optional.of("");
    }
    Optional<String> objection = rows(joint, rows);
    for (int row = 0; row < (slow ? 1 : 3) && objection.isEmpty(); row++) {
      List<Answer> filled = trials.run(sample.repeated(row, rows));
      if (filled == null) {
        return Optional.of("");
      }
      int at = row;
      objection = rows(filled, rows).or(() -> same(joint, at, filled, at));
    }
    return objection;
  }

  /**
   * Whether two inputs whose first axes have different names may have different numbers of rows:
   * then a request is more than rows of one batch.
   */
  private Optional<String> untiedInputs(OpenSizes sizes) {
    for (int i = 1; i < inputs.size(); i++) {
      String mine = firstName(inputs.get(i));
      String others = firstName(inputs.get(0));
      if (mine.equals(others) && !mine.isEmpty()) {
        continue;
      }
      boolean named =
          !MADE_UP_NAME.matcher(mine).matches() && !MADE_UP_NAME.matcher(others).matches();
      // 1 and 2 rows run by broadcasting in many a model, so that says something only if the
      // model's author gave the axes names of their own
      if (runsWith(i, 3, 2, sizes) || (named && runsWith(i, 1, 2, sizes))) {
        return Optional.of(
            "inputs '%s' and '%s' may have different numbers of rows"
                .formatted(inputs.get(0).name(), inputs.get(i).name()));
      }
    }
    return Optional.empty();
  }

  private boolean runsWith(int input, int itsRows, int rows, OpenSizes sizes) {
    Sample sample = trials.sample(TrialValues.NORMAL, sizes, 0, rows);
    Sample other = trials.sample(TrialValues.NORMAL, sizes, 0, itsRows);
    return sample != null && other != null && trials.run(sample.withInput(input, other)) != null;
  }

  private static String firstName(GraphValue input) {
    return input.dims() == null ? "" : input.dims().get(0).symbol();
  }

  /** Runs an unbatched model to see its outputs' shapes. */
  private void observe(Set<Long> hints) {
    int ran = 0;
    for (long size : OpenSizes.candidates(hints)) {
      Sample.Whole sample = trials.whole(TrialValues.NORMAL, new OpenSizes(size));
      if (sample != null && trials.run(sample) != null && ++ran == 2) {
        return;
      }
      if (!trials.timeLeft() || isFixed()) {
        return;
      }
    }
  }

  private boolean isFixed() {
    return inputs.stream()
        .allMatch(
            input ->
                input.dims() != null && input.dims().stream().allMatch(dim -> dim.size() >= 0));
  }

  /** Runs another size of the open dimensions, since outputs may follow them. */
  private void observeAnotherSize(OpenSizes sizes, Set<Long> hints) {
    for (long size : OpenSizes.candidates(hints)) {
      Sample sample =
          size == sizes.size()
              ? null
              : trials.sample(TrialValues.NORMAL, new OpenSizes(size), 0, 1);
      if ((sample != null && trials.run(sample) != null) || !trials.timeLeft()) {
        return;
      }
    }
  }

  private Optional<String> rows(List<Answer> answers, int rows) {
    for (int i = 0; i < answers.size(); i++) {
      if (!answers.get(i).hasRows(rows)) {
        return Optional.of(
            "output '%s' has shape %s for %d row(s) of input (expected %d on its first axis)"
                .formatted(
                    outputs.get(i).name(), Shapes.format(answers.get(i).shape()), rows, rows));
      }
    }
    return Optional.empty();
  }

  private Optional<String> same(List<Answer> joint, int row, List<Answer> alone, int aloneRow) {
    for (int i = 0; i < joint.size(); i++) {
      Optional<String> difference = joint.get(i).differenceTo(alone.get(i), row, aloneRow);
      if (difference.isPresent()) {
        return Optional.of(
            "output '%s': a row's values depend on the rows beside it: %s"
                .formatted(outputs.get(i).name(), difference.get()));
      }
    }
    return Optional.empty();
  }

  private Optional<String> sameEachTime(List<Answer> once, @Nullable List<Answer> again) {
    if (again == null) {
      return Optional.of("it fails now and then");
    }
    return same(once, 0, again, 0).map(text -> "it answers differently each time");
  }
}
