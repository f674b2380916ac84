// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.process.Server;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/** Resident memory of a server over time. */
final class ResidentMemory {
  private record Sample(long nanos, long bytes) {}

  private final LongSupplier clock;
  private final LongSupplier residentBytes;
  private final long start;
  private final List<Sample> samples = Collections.synchronizedList(new ArrayList<>());

  /**
   * @param clock nanoseconds
   * @param residentBytes of the server now
   */
  ResidentMemory(LongSupplier clock, LongSupplier residentBytes) {
    this.clock = clock;
    this.residentBytes = residentBytes;
    this.start = clock.getAsLong();
  }

  static ResidentMemory of(Server server) {
    return new ResidentMemory(System::nanoTime, server::residentBytes);
  }

  void sample() {
    samples.add(new Sample(clock.getAsLong() - start, residentBytes.getAsLong()));
  }

  /** Those samples that came later than so long after the start. */
  List<Double> mebibytesAfter(double seconds) {
    synchronized (samples) {
      return samples.stream()
          .filter(sample -> sample.nanos() > seconds * 1e9)
          .map(sample -> sample.bytes() / 1024.0 / 1024.0)
          .toList();
    }
  }

  /** By how much the most exceeds the least. */
  static double riseInPercent(List<Double> values) {
    return 100 * (Collections.max(values) / Collections.min(values) - 1);
  }
}
