// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Waits for replicas whose runners take a while to be ready, as a GPU's do. One that does not
 * answer hangs in its driver: the wait ends, and the thread is left behind.
 */
final class Opening {
  /** Capturing graphs of a large model takes seconds, and is waited for by others of its kind. */
  static final Duration LIMIT = Duration.ofMinutes(5);

  private static final Duration LOOK = Duration.ofMillis(20);

  private final LongSupplier nanoClock;
  private final BooleanSupplier isGivenUp;
  private final long beginNanos;
  private boolean hasGivenUp;

  /**
   * @param isGivenUp asked every now and then whether to wait no longer
   */
  Opening(LongSupplier nanoClock, BooleanSupplier isGivenUp) {
    this.nanoClock = nanoClock;
    this.isGivenUp = isGivenUp;
    this.beginNanos = nanoClock.getAsLong();
  }

  /**
   * Waits until all are attached; then the first of them does its work, while the others stand
   * still, and all take batches.
   *
   * @throws ModelLoadException if one hangs, or its device is lost, or none can be had
   */
  void await(List<Replica> replicas, Replica.First work) throws ModelLoadException {
    try {
      List<Replica> ready = new ArrayList<>();
      Optional<Throwable> failure = Optional.empty();
      for (int i = 0; i < replicas.size(); i++) {
        String which = "replica %d of %d".formatted(i + 1, replicas.size());
        Optional<Throwable> why = await(replicas.get(i), replicas.get(i).attached(), which);
        if (why.isEmpty()) {
          ready.add(replicas.get(i));
        } else {
          failure = failure.or(() -> why);
          throwIfFatal(why.get());
        }
      }
      if (ready.isEmpty()) {
        throw failed(failure.orElseThrow());
      }
      Replica first = ready.getFirst();
      Optional<Throwable> why = await(first, first.begin(work), "the first replica");
      if (why.isPresent()) {
        throw failed(why.get());
      }
    } finally {
      replicas.forEach(Replica::begin);
    }
  }

  /** Waits for one that is to take batches at once; answers why it cannot. */
  Optional<Throwable> await(Replica replica) throws ModelLoadException {
    return await(replica, replica.attached(), "a further replica");
  }

  /** Whether the wait has ended without an answer: one may hang. */
  boolean hasGivenUp() {
    return hasGivenUp;
  }

  private Optional<Throwable> await(Replica replica, Future<?> answer, String which)
      throws ModelLoadException {
    while (true) {
      try {
        answer.get(LOOK.toNanos(), TimeUnit.NANOSECONDS);
        return Optional.empty();
      } catch (ExecutionException e) {
        return Optional.of(Objects.requireNonNullElse(e.getCause(), e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        hasGivenUp = true;
        throw new ModelLoadException(which + " is not waited for any more", e);
      } catch (TimeoutException e) {
        giveUpInTime(replica, which);
      }
    }
  }

  private void giveUpInTime(Replica replica, String which) throws ModelLoadException {
    long waited = nanoClock.getAsLong() - beginNanos;
    if (waited >= LIMIT.toNanos()) {
      hasGivenUp = true;
      throw hung(
          replica,
          "%s did not answer within %d s, and is left behind"
              .formatted(which, TimeUnit.NANOSECONDS.toSeconds(waited)));
    }
    if (isGivenUp.getAsBoolean()) {
      hasGivenUp = true;
      throw new ModelLoadException(which + " is not waited for any more");
    }
  }

  /** A GPU that does not answer is as good as lost: the model may run elsewhere. */
  private static ModelLoadException hung(Replica replica, String reason) {
    OptionalInt gpu = replica.gpu();
    return gpu.isEmpty()
        ? new ModelLoadException(reason)
        : new ModelLoadException(
            reason, ModelRunException.lost(Device.gpu(gpu.getAsInt()), reason, null));
  }

  private static void throwIfFatal(Throwable cause) throws ModelLoadException {
    ModelLoadException failure = failed(cause);
    if (NoReplicaException.of(failure).filter(why -> !why.isForWantOfMemory()).isPresent()) {
      throw failure;
    }
  }

  private static ModelLoadException failed(Throwable cause) {
    return switch (cause) {
      case ModelLoadException load -> load;
      case ModelRunException run ->
          new ModelLoadException("the model cannot run: " + run.getMessage(), run);
      default -> new ModelLoadException("a replica has failed: " + cause, cause);
    };
  }
}
