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
 * @param processor what the gateway used of it
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
    Processor processor,
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

  /**
   * Processor time of the gateway, in nanoseconds.
   *
   * @param quiet in the quiet phase
   * @param swapping while versions replaced each other
   * @param compilingQuiet by its compilers, in the quiet phase
   * @param compilingSwapping likewise
   */
  public record Processor(long quiet, long swapping, long compilingQuiet, long compilingSwapping) {}

  /** What a swap costs, with its share of the changes of replicas, beyond what requests do. */
  public double processorNanosOfASwap() {
    return ofASwap(processor.quiet, processor.swapping);
  }

  /** What of that is the compilers'. */
  public double compilerNanosOfASwap() {
    return ofASwap(processor.compilingQuiet, processor.compilingSwapping);
  }

  private double ofASwap(long quietNanos, long swappingNanos) {
    double asIfQuiet = quietNanos * swapping.seconds() / quiet.seconds();
    // requests cost more in one phase than in the other by more than a swap, now and then
    return Math.max(0, swappingNanos - asIfQuiet) / Math.max(1, times.swaps().size());
  }

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
