// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A replica's first batches, so that the first request is not the one that pays for memory, binding
 * and lazy initialisation. Inputs are zeros; a model that does not like them serves all the same.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  /** Runs of each size: the first pays for memory and lazy initialisation, the last is believed. */
  private static final int RUNS_OF_A_SIZE = 3;

  /** Long enough for every batch size of a small model, short enough for 200 models at a start. */
  private static final long BUDGET_NANOS = 250_000_000;

  /** For a further replica of a model that is warm: memory and bindings of the usual sizes. */
  private static final long BRIEF_NANOS = 5_000_000;

  /** What an input may hold at most: a model's largest batch may be too large to try blindly. */
  private static final long MAX_BYTES = 64 << 20;

  private final ModelSignature signature;
  private final LongSupplier nanoClock;

  WarmUp(ModelSignature signature, LongSupplier nanoClock) {
    this.signature = signature;
    this.nanoClock = nanoClock;
  }

  /** What runs of a size took. */
  record Timing(int rows, long nanos) {}

  /** Runs batches of 1, 2, 4 and so on rows, as far as the time allows; answers what they took. */
  List<Timing> run(Runner runner) {
    return run(runner, BUDGET_NANOS);
  }

  /** As {@link #run}, in milliseconds, for a further replica of a model that runs already. */
  void brief(Runner runner) {
    run(runner, BRIEF_NANOS);
  }

  private List<Timing> run(Runner runner, long budgetNanos) {
    List<Timing> timings = new ArrayList<>();
    long end = nanoClock.getAsLong() + budgetNanos;
    int rows = 1;
    while (true) {
      List<ZeroInputs> inputs = inputs(rows);
      if (inputs.isEmpty()) {
        return timings;
      }
      try {
        for (int run = 0; run < RUNS_OF_A_SIZE; run++) {
          long begin = nanoClock.getAsLong();
          runner.run(inputs, rows);
          timings.add(new Timing(rows, nanoClock.getAsLong() - begin));
        }
      } catch (ModelRunException | RuntimeException e) {
        log.debug("warm-up with zeros: {}", e.toString());
        return timings;
      }
      if (rows >= signature.maxBatchSize() || nanoClock.getAsLong() > end) {
        return timings;
      }
      rows = Math.min(rows * 2, signature.maxBatchSize());
    }
  }

  /** One request of that many rows; empty if the signature does not say enough to make one. */
  private List<ZeroInputs> inputs(int rows) {
    TensorView[] tensors = new TensorView[signature.inputs().size()];
    for (int i = 0; i < tensors.length; i++) {
      TensorSpec spec = signature.inputs().get(i);
      long[] shape = spec.shape().clone();
      if (signature.isBatched()) {
        shape[0] = rows;
      }
      for (long dim : shape) {
        if (dim < 0) {
          return List.of();
        }
      }
      // a BYTES element of no bytes is four zero bytes, its length
      int elementBytes = spec.dataType() == DataType.BYTES ? 4 : spec.dataType().byteSize();
      long bytes = Shapes.elements(shape) * elementBytes;
      if (!spec.rankKnown() || bytes > MAX_BYTES) {
        return List.of();
      }
      tensors[i] = new TensorView(spec.dataType(), shape, ByteBuffer.allocate((int) bytes));
    }
    return List.of(new ZeroInputs(tensors, rows));
  }

  @SuppressWarnings("ArrayRecordComponent") // lives for one run
  private record ZeroInputs(TensorView[] tensors, int rows) implements ModelInputs {
    @Override
    public TensorView input(int index) {
      return tensors[index];
    }
  }
}
