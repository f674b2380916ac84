// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.warmup.Sample;
import dev.millrace.backends.warmup.ZeroSamples;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A replica's first batches, so that the first request is not the one that pays for memory, binding
 * and lazy initialisation: the samples of the model, or zeros where there are none.
 *
 * <p>A sample is a promise: a model that fails on one is not to serve. Of zeros nobody has said
 * that the model likes them, and one that does not serves all the same; unless the GPU is to blame.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  /** Runs of each size: the first pays for memory and lazy initialisation, the last is believed. */
  private static final int RUNS_OF_A_SIZE = 3;

  /** Long enough for every batch size of a small model, short enough for 200 models at a start. */
  private static final long BUDGET_NANOS = 250_000_000;

  /** Where we have chosen the shape, and requests may have others. */
  private static final long GUESSED_NANOS = 50_000_000;

  /** For a further replica of a model that is warm: memory and bindings of the usual sizes. */
  private static final long BRIEF_NANOS = 5_000_000;

  /** What a batch may hold at most: a model's largest may be too large to try blindly. */
  private static final long MAX_BYTES = 64 << 20;

  private final int maxBatchRows;
  private final List<Sample> recorded;
  private final List<Sample> zeros;
  private final long budgetNanos;
  private final LongSupplier nanoClock;

  /**
   * @param recorded samples of the model; none for zeros
   */
  WarmUp(ModelSignature signature, List<Sample> recorded, LongSupplier nanoClock) {
    this.maxBatchRows = Math.max(1, signature.maxBatchSize());
    this.recorded = recorded;
    this.zeros = recorded.isEmpty() ? ZeroSamples.of(signature) : List.of();
    this.budgetNanos =
        recorded.isEmpty() && ZeroSamples.hasOpenSizes(signature) ? GUESSED_NANOS : BUDGET_NANOS;
    this.nanoClock = nanoClock;
  }

  /** What a run of so many rows of a size took, which have so many bytes together. */
  record Timing(long rowSize, int rows, long bytes, long nanos) {}

  /**
   * Runs every sample as it is meant, then all of them 1, 2, 4 and so on together, as far as the
   * time allows; answers what those took.
   *
   * @throws ModelLoadException if a sample fails
   */
  List<Timing> run(Runner runner) throws ModelLoadException {
    for (Sample sample : recorded) {
      for (int run = 0; run < sample.runs(); run++) {
        runRecorded(runner, sample, sample.copies());
      }
    }
    return grow(runner, budgetNanos);
  }

  /**
   * What batches take, of a runner that is warm.
   *
   * @throws ModelLoadException if a sample fails
   */
  List<Timing> measure(Runner runner) throws ModelLoadException {
    return grow(runner, budgetNanos);
  }

  /**
   * In milliseconds, for a further replica of a model that runs already.
   *
   * @throws NoReplicaException if a GPU is to blame that it fails
   */
  void brief(Runner runner) {
    try {
      grow(runner, BRIEF_NANOS);
    } catch (ModelLoadException e) {
      NoReplicaException.of(e)
          .ifPresent(
              why -> {
                throw why;
              });
      log.warn("{}", e.getMessage()); // it did not when it was loaded
    }
  }

  private List<Timing> grow(Runner runner, long nanos) throws ModelLoadException {
    long end = nanoClock.getAsLong() + nanos;
    List<Timing> timings = new ArrayList<>();
    List<Sample> growing = new ArrayList<>(recorded.isEmpty() ? zeros : recorded);
    for (int together = 1; !growing.isEmpty(); together *= 2) {
      for (Sample sample : List.copyOf(growing)) {
        int most = mostTogether(sample);
        if (!runOften(runner, sample, Math.min(together, most), timings) || together >= most) {
          growing.remove(sample);
        }
        if (nanoClock.getAsLong() > end) {
          return timings;
        }
      }
    }
    return timings;
  }

  private int mostTogether(Sample sample) {
    long bySize = MAX_BYTES / Math.max(1, sample.inputs().bytes());
    return (int) Math.max(1, Math.min(maxBatchRows / sample.rows(), bySize));
  }

  /** Returns whether the model did it. */
  private boolean runOften(Runner runner, Sample sample, int together, List<Timing> timings)
      throws ModelLoadException {
    for (int run = 0; run < RUNS_OF_A_SIZE; run++) {
      long begin = nanoClock.getAsLong();
      if (recorded.isEmpty()) {
        if (!runZeros(runner, sample, together)) {
          return false;
        }
      } else {
        runRecorded(runner, sample, together);
      }
      timings.add(
          new Timing(
              sample.inputs().rowSize(),
              sample.rows() * together,
              sample.inputs().bytes() * together,
              nanoClock.getAsLong() - begin));
    }
    return true;
  }

  private static boolean runZeros(Runner runner, Sample sample, int together)
      throws ModelLoadException {
    try {
      sample.run(runner, together);
      return true;
    } catch (ModelRunException e) {
      if (e.device().isGpu() && (together == 1 || e.fault() == DeviceFault.DEVICE_LOST)) {
        throw new ModelLoadException("the model cannot run: " + e.getMessage(), e);
      }
      log.debug("warm-up with zeros: {}", e.toString());
      return false;
    } catch (RuntimeException e) {
      log.debug("warm-up with zeros: {}", e.toString());
      return false;
    }
  }

  private static void runRecorded(Runner runner, Sample sample, int together)
      throws ModelLoadException {
    try {
      sample.run(runner, together);
    } catch (ModelRunException | RuntimeException e) {
      throw new ModelLoadException(
          "the model fails on %s%s: %s"
              .formatted(
                  sample.name(),
                  together == 1 ? "" : ", %d of it together".formatted(together),
                  e.getMessage() == null ? e.toString() : e.getMessage()),
          e);
    }
  }
}
