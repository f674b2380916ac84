// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import java.util.ArrayList;
import java.util.List;

/** What changes took, in nanoseconds, and what became of canaries. Filled by one thread. */
public final class ChangeTimes {
  private final List<Long> swaps = new ArrayList<>();
  private final List<Long> scales = new ArrayList<>();
  private final List<Long> scaleUps = new ArrayList<>();
  private final List<CanaryResult> canaries = new ArrayList<>();

  void swap(long nanos) {
    swaps.add(nanos);
  }

  void scale(int from, int to, long nanos) {
    scales.add(nanos);
    if (from == ChangesRun.FEWEST && to == ChangesRun.MOST) {
      scaleUps.add(nanos);
    }
  }

  void canary(CanaryResult result) {
    canaries.add(result);
  }

  public List<Long> swaps() {
    return List.copyOf(swaps);
  }

  /** Of any number of replicas to any other. */
  public List<Long> scales() {
    return List.copyOf(scales);
  }

  /** Of 1 replica to 4. */
  public List<Long> scaleUps() {
    return List.copyOf(scaleUps);
  }

  public List<CanaryResult> canaries() {
    return List.copyOf(canaries);
  }
}
