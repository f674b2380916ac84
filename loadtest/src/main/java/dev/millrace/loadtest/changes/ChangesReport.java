// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import java.util.ArrayList;
import java.util.List;

/**
 * What was seen under load, without changes and with them.
 *
 * @param place where gateway and load ran, in words
 * @param quiet without changes
 * @param swapping while versions replaced each other and replicas came and went
 * @param canaries while canaries were tried
 * @param memory resident memory of the gateway, whose heap is all there from the start
 * @param endedEarly whether the user wished so
 */
public record ChangesReport(
    ChangesPlan plan,
    String place,
    Measurement quiet,
    Measurement swapping,
    Measurement canaries,
    ChangeTimes times,
    Memory memory,
    boolean endedEarly) {

  /**
   * Resident memory, in bytes; 0 if the system does not say. With one replica each.
   *
   * @param before the first change
   * @param halfway through the swaps
   * @param after the last change
   */
  public record Memory(long before, long halfway, long after) {}

  /** With changes of any kind. */
  public Measurement changing() {
    return Measurements.sum(List.of(swapping, canaries));
  }

  /** What must not be; empty if all is well. */
  public List<String> faults() {
    List<String> faults = new ArrayList<>();
    for (Measurement phase : List.of(quiet, swapping, canaries)) {
      if (phase.failed() > 0) {
        faults.add(
            "%d requests failed: %s %s"
                .formatted(phase.failed(), phase.outcomes(), phase.messages()));
      }
      if (phase.wrong() > 0) {
        faults.add("%d wrong answers: %s".formatted(phase.wrong(), phase.wrongExample()));
      }
    }
    if (times.canaries().stream().anyMatch(canary -> !canary.isGood() && canary.isDone())) {
      faults.add("the bad canary was not rolled back");
    }
    if (!endedEarly && times.canaries().stream().allMatch(CanaryResult::isGood)) {
      faults.add("there was no bad canary (expected one)");
    }
    return faults;
  }
}
