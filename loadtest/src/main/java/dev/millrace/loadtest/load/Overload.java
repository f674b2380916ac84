// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * Offers a server a multiple of what it can bear, with a deadline on each request: a good server
 * keeps answering as many in time, and says no quickly to the rest.
 *
 * @param peak the rate that counts as 1, in requests per second
 * @param deadlineNanos on each request
 * @param rows what happened, by rising load
 */
public record Overload(double peak, long deadlineNanos, List<Row> rows) {
  private static final double[] FACTORS = {0.5, 0.8, 1, 1.5, 2, 4};

  // of the median at half the peak: room for a queue, and too little for a long one
  private static final int DEADLINE_MEDIANS = 5;
  // of the slowest hundredth there, which on a shared machine is not the server's doing
  private static final int DEADLINE_TAILS = 2;
  // below, the timers of both ends decide rather than the queue
  private static final long MIN_DEADLINE_NANOS = 1_000_000;

  public Overload {
    rows = List.copyOf(rows);
  }

  /**
   * One load.
   *
   * @param factor of the peak that was offered
   * @param offered requests per second
   */
  public record Row(double factor, double offered, Measurement measurement) {}

  /**
   * The deadline of whoever gave none: five times the median at half the peak, or twice the 99th
   * percentile there if that is longer.
   */
  public static long defaultDeadlineNanos(Measurement atHalfThePeak) {
    long median = atHalfThePeak.latency().getValueAtPercentile(50);
    long tail = atHalfThePeak.latency().getValueAtPercentile(99);
    return Math.max(MIN_DEADLINE_NANOS, Math.max(DEADLINE_MEDIANS * median, DEADLINE_TAILS * tail));
  }

  /**
   * Measures.
   *
   * @param openLoop load of a rate, in requests per second
   * @param nanos length of each row
   */
  public static Overload run(
      LoadedServer server,
      double peak,
      long deadlineNanos,
      DoubleFunction<LoadShape> openLoop,
      long nanos,
      Stop stop,
      Observer observer)
      throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (double factor : FACTORS) {
      if (!stop.isAsked()) {
        double offered = factor * peak;
        observer.phase(String.format(Locale.ROOT, "%.1f × the peak, %,.0f/s", factor, offered));
        rows.add(new Row(factor, offered, server.measure(openLoop.apply(offered), nanos).total()));
      }
    }
    return new Overload(peak, deadlineNanos, rows);
  }
}
