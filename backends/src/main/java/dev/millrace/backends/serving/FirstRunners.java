// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.Runner;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Warm runners for a version's first replicas: as many as are wanted, or as the GPU has memory for,
 * since those are better than none and the others come when they fit. One thread.
 */
final class FirstRunners {
  private final LoadedModel model;
  private final WarmUp warmUp;
  private final List<Runner> runners = new ArrayList<>();
  private List<WarmUp.Timing> timings = List.of();
  private Optional<NoReplicaException> lack = Optional.empty();

  FirstRunners(LoadedModel model, WarmUp warmUp) {
    this.model = model;
    this.warmUp = warmUp;
  }

  /**
   * Makes them.
   *
   * @throws ModelLoadException if not a single one can be had, or one fails for another reason than
   *     want of memory; those that were made are closed
   */
  void make(int count) throws ModelLoadException {
    try {
      while (runners.size() < count && lack.isEmpty()) {
        addOne();
      }
    } catch (ModelLoadException | RuntimeException | Error e) {
      Closing.after(e, this::close);
      throw e;
    }
  }

  /** Of no use after that. */
  void close() {
    Closing.all(runners.stream().<Runnable>map(runner -> runner::close).toList());
  }

  private void addOne() throws ModelLoadException {
    try {
      Runner runner = model.newRunner();
      try {
        timings = warmUp.run(runner);
      } catch (ModelLoadException | RuntimeException | Error e) {
        Closing.after(e, runner::close);
        throw e;
      }
      runners.add(runner);
    } catch (NoReplicaException e) {
      lacks(e, e.asLoadFailure());
    } catch (ModelLoadException e) {
      lacks(NoReplicaException.of(e).orElseThrow(() -> e), e);
    }
  }

  private void lacks(NoReplicaException why, ModelLoadException failure) throws ModelLoadException {
    if (runners.isEmpty() || !why.isForWantOfMemory()) {
      throw failure;
    }
    lack = Optional.of(why);
  }

  List<Runner> runners() {
    return runners;
  }

  /** What batches took on the last of them. */
  List<WarmUp.Timing> timings() {
    return timings;
  }

  /** Why not all of them are there. */
  Optional<NoReplicaException> lack() {
    return lack;
  }
}
