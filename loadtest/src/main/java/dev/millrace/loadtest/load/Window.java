// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/**
 * One stretch of a measurement, for a plot over time.
 *
 * @param seconds its end, since the measurement began
 * @param rate answers with status OK per second
 * @param p50Nanos of their latency
 * @param p99Nanos of their latency
 * @param failed answers with another status
 */
public record Window(double seconds, double rate, long p50Nanos, long p99Nanos, long failed) {
  static Window of(double end, Measurement measurement) {
    return new Window(
        end,
        measurement.rate(),
        measurement.latency().getValueAtPercentile(50),
        measurement.latency().getValueAtPercentile(99),
        measurement.failed());
  }
}
