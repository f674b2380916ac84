// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Closes several things, whatever becomes of each: what is not closed is lost. */
public final class Closing {
  private Closing() {}

  /** Takes all steps in turn, and throws the first failure, with the others as suppressed ones. */
  public static void all(List<? extends Runnable> steps) {
    Throwable first = null;
    for (Runnable step : steps) {
      first = after(first, step);
    }
    switch (first) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(first); // no step throws it
    }
  }

  /** Takes one step, perhaps after a failure; returns the failure that was first, if any. */
  public static @Nullable Throwable after(@Nullable Throwable failure, Runnable step) {
    try {
      step.run();
      return failure;
    } catch (RuntimeException | Error e) {
      if (failure == null) {
        return e;
      }
      failure.addSuppressed(e);
      return failure;
    }
  }
}
