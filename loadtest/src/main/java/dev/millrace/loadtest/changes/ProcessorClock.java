// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.loadtest.process.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** Processor time of a gateway, lap by lap, in nanoseconds. */
final class ProcessorClock {
  private record Reading(long all, long compilers) {}

  private final Probe probe;
  private final List<Reading> readings = new ArrayList<>();

  /** The first lap begins. */
  ProcessorClock(Probe probe) {
    this.probe = probe;
    lap();
  }

  /** A lap ends, and the next one begins. */
  void lap() {
    readings.add(new Reading(probe.read().cpuNanos(), probe.compilationNanos()));
  }

  /**
   * In every other lap, of all threads.
   *
   * @param first 0 for the first, third and so on, 1 for the others
   */
  long used(int first) {
    return everyOther(first, Reading::all);
  }

  /** Of the compilers alone. */
  long usedByCompilers(int first) {
    return everyOther(first, Reading::compilers);
  }

  private long everyOther(int first, ToLongFunction<Reading> part) {
    long sum = 0;
    for (int lap = first; lap + 1 < readings.size(); lap += 2) {
      sum += part.applyAsLong(readings.get(lap + 1)) - part.applyAsLong(readings.get(lap));
    }
    return sum;
  }
}
