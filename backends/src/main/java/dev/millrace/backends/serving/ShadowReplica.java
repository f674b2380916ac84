// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.shadow.AnsweredOutput;
import dev.millrace.backends.shadow.Divergence;
import dev.millrace.backends.shadow.ShadowCounts;
import dev.millrace.backends.shadow.Tolerance;
import dev.millrace.backends.tensor.TensorView;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that runs copies of requests, one after the other, on a runner of its own, and compares.
 * It is none of its version's replicas: what it does is not in that version's queue or statistics.
 */
final class ShadowReplica implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(ShadowReplica.class);

  private final ServedVersion served;
  private final CopyQueue copies;
  private final ShadowCounts counts;
  private final Tolerance tolerance;

  /**
   * @param served with a standing lease; this gives the lease back when it ends
   * @param copies closed when it ends, for whatever reason
   */
  ShadowReplica(ServedVersion served, CopyQueue copies, ShadowCounts counts, Tolerance tolerance) {
    this.served = served;
    this.copies = copies;
    this.counts = counts;
    this.tolerance = tolerance;
  }

  /** Runs copies until their queue is closed. */
  @Override
  public void run() {
    try (Runner runner = served.newWarmRunnerBeside()) {
      RunWatch watch = served.watchRunsOf(runner, true); // others do not count on this one
      try {
        runAll(runner, watch);
      } finally {
        served.unwatch(watch);
      }
    } catch (RuntimeException | Error e) {
      log.error("{}: copies of requests are not run any more", served, e);
    } finally {
      counts.dropped(copies.close());
      served.releaseStanding();
    }
  }

  private void runAll(Runner runner, RunWatch watch) {
    Optional<RequestCopy> next = copies.take();
    while (next.isPresent()) {
      RequestCopy copy = next.get();
      try {
        counts.add(compare(copy, runner, watch));
      } finally {
        copies.done(copy);
      }
      next = copies.take();
    }
  }

  private Divergence compare(RequestCopy copy, Runner runner, RunWatch watch) {
    try {
      OutputTensor[] outputs = run(served.checker().check(copy), runner, watch);
      List<AnsweredOutput> second =
          AnsweredOutput.all(served.signature().outputs(), outputs, 0, AnsweredOutput.WHOLE);
      return Divergence.between(copy.answer(), second, tolerance);
    } catch (InferException e) {
      return Divergence.incomparable(e.failure().detail());
    } catch (ModelRunException e) {
      return Divergence.failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      log.error("{}: a copy of a request failed", served, e);
      return Divergence.failed(e.toString());
    } finally {
      runner.release();
    }
  }

  private OutputTensor[] run(CheckedInputs inputs, Runner runner, RunWatch watch)
      throws ModelRunException {
    long now = served.nanoTime();
    watch.begin(now, now, served.expectedRunNanos(inputs.rowSize(), inputs.rows()));
    try {
      served.runBegan();
      return runner.run(List.of(new Inputs(inputs)), inputs.rows());
    } finally {
      watch.end();
    }
  }

  private record Inputs(CheckedInputs checked) implements ModelInputs {
    @Override
    public TensorView input(int index) {
      return checked.tensors()[index];
    }

    @Override
    public int rows() {
      return checked.rows();
    }
  }
}
