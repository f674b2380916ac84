// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.loadtest.process.Probe;
import java.util.ArrayList;
import java.util.List;

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

  /** In a lap, of all threads. */
  long used(int lap) {
    return readings.get(lap + 1).all() - readings.get(lap).all();
  }

  /** Of the compilers alone. */
  long usedByCompilers(int lap) {
    return readings.get(lap + 1).compilers() - readings.get(lap).compilers();
  }
}
