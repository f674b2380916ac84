// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.WorkloadException;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * How requests lie around the even spacing that a rate asks for. A pattern is a process of rate 1
 * on the axis of requests due; the rate profile then bends that axis into time, which keeps every
 * pattern exact under every profile.
 */
public sealed interface ArrivalPattern {

  /** Evenly spaced, the first at the beginning. */
  record Constant() implements ArrivalPattern {}

  /** Independent of each other: exponential gaps. */
  record Poisson() implements ArrivalPattern {}

  /**
   * Groups at the same moment, the moments independent of each other; the mean rate is that of the
   * single requests.
   *
   * @param size requests in a group
   */
  record Burst(int size) implements ArrivalPattern {}

  /** More would be a test of the sender's memory. */
  int MAX_BURST = 1_000_000;

  /**
   * Reads {@code constant}, {@code poisson} or {@code burst:N}.
   *
   * @throws WorkloadException if it is neither
   */
  static ArrivalPattern parse(String text) {
    if (text.equals("constant")) {
      return new Constant();
    }
    if (text.equals("poisson")) {
      return new Poisson();
    }
    if (text.startsWith("burst:")) {
      return new Burst(size(text));
    }
    throw new WorkloadException(
        "--arrivals: '%s' (expected constant, poisson or burst:N)".formatted(text));
  }

  private static int size(String text) {
    try {
      int size = Integer.parseInt(text.substring("burst:".length()));
      if (size >= 1 && size <= MAX_BURST) {
        return size;
      }
    } catch (NumberFormatException e) {
      // told below, as for a size out of range
    }
    throw new WorkloadException(
        "--arrivals: '%s' (expected burst:N with N from 1 to %d)".formatted(text, MAX_BURST));
  }

  /** The positions of the requests on the axis of requests due, one a call, never decreasing. */
  default DoubleSupplier positions(long seed) {
    return switch (this) {
      case Constant constant -> new Even();
      case Poisson poisson -> new Grouped(1, seed);
      case Burst burst -> new Grouped(burst.size(), seed);
    };
  }

  /** 0, 1, 2, and so on. */
  final class Even implements DoubleSupplier {
    private long next;

    private Even() {}

    @Override
    public double getAsDouble() {
      return next++;
    }
  }

  /** Exponential gaps between groups. */
  final class Grouped implements DoubleSupplier {
    private final int size;
    private final SplittableRandom random;
    private double position;
    private int left;

    private Grouped(int size, long seed) {
      this.size = size;
      this.random = new SplittableRandom(seed);
    }

    @Override
    public double getAsDouble() {
      if (left == 0) {
        position += size * random.nextExponential();
        left = size;
      }
      left--;
      return position;
    }
  }
}
