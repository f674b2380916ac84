// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import io.grpc.Status;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What was seen in one stretch of time. Times in histograms are nanoseconds.
 *
 * @param seconds length of the stretch
 * @param sent requests that were due in it (open loop) or sent in it (closed loop)
 * @param outcomes of the requests answered in it, by gRPC status; a deadline that passed here
 *     without an answer is DEADLINE_EXCEEDED, a connection that broke UNAVAILABLE
 * @param messages an example of the status message for each status other than OK
 * @param latency of answers with status OK, from the intended to the last byte of the answer
 * @param negative of all other answers, likewise
 * @param variants answers with status OK and their latency, for each variant of the workload
 * @param goodput answers with status OK, right where they were checked, within the deadline if
 *     there is one; per second
 * @param wrong answers with status OK that were checked and not right
 * @param wrongExample what was wrong with one of them
 * @param lag how much later than intended requests were sent (open loop); empty for a closed loop
 * @param loopBusy share of the time in which the busiest event loop of the load tester worked, 0..1
 */
public record Measurement(
    double seconds,
    long sent,
    Map<Status.Code, Long> outcomes,
    Map<Status.Code, String> messages,
    Histogram latency,
    Histogram negative,
    List<VariantResult> variants,
    double goodput,
    long wrong,
    @Nullable String wrongExample,
    Histogram lag,
    double loopBusy) {

  /**
   * What became of one variant.
   *
   * @param sent requests of it
   * @param good answers with status OK, right where they were checked, within its deadline if there
   *     is one
   * @param latency of answers with status OK
   */
  public record VariantResult(String label, long sent, long good, Histogram latency) {}

  /** Answers of any status. */
  public long answered() {
    return outcomes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Answers with status OK. */
  public long ok() {
    return outcomes.getOrDefault(Status.Code.OK, 0L);
  }

  /** Answers with status OK per second. */
  public double rate() {
    return ok() / seconds;
  }

  /** Answers of any status per second. */
  public double answerRate() {
    return answered() / seconds;
  }

  public long failed() {
    return answered() - ok();
  }

  /**
   * Whether requests were sent so late that the figures are the load tester's own limit rather than
   * the server's: a percentile of the lag above a millisecond.
   */
  public boolean fellBehind() {
    return lag.getTotalCount() > 0 && lag.getValueAtPercentile(99) > 1_000_000;
  }
}
