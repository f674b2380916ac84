// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.process.Probe;

/**
 * What one server did in one turn.
 *
 * @param used by the server in the same time
 */
record Turn(Measurement measurement, Probe.Reading used) {
  /** Answers with status OK per second. */
  double rate() {
    return measurement.rate();
  }

  /** Answers of any status per second. */
  double answerRate() {
    return measurement.answerRate();
  }

  /** Right answers in time per second. */
  double goodput() {
    return measurement.goodput();
  }

  /** Of a core. */
  double cpuShare() {
    return used.cpuNanos() / 1e9 / measurement.seconds();
  }

  double cpuMicrosPerAnswer() {
    return used.cpuNanos() / 1e3 / measurement.answered();
  }

  double bytesPerAnswer() {
    return (double) used.allocatedBytes() / measurement.answered();
  }

  double micros(double percentile) {
    return measurement.latency().getValueAtPercentile(percentile) / 1e3;
  }

  /** Within which that share of the refused knew it; from when they should have been sent. */
  double microsToRefusal(double percentile) {
    return measurement.negative().getValueAtPercentile(percentile) / 1e3;
  }

  /** By which that share of the requests was sent later than intended. */
  double microsLate(double percentile) {
    return measurement.lag().getValueAtPercentile(percentile) / 1e3;
  }
}
