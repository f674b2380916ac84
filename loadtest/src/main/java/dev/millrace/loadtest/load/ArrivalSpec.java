// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.WorkloadException;
import java.nio.file.Path;

/** What an open loop's schedule is made from. Immutable; the same seed gives the same schedule. */
public sealed interface ArrivalSpec permits RatedArrivals, ReplayedArrivals {

  /** A new schedule, at its beginning. */
  ArrivalSchedule schedule(long seed);

  /** Its length; infinite if it has no end. */
  double seconds();

  /** Requests due in all, on average over the seeds; infinite if it has no end. */
  double requests();

  /**
   * Reads what the user asked for.
   *
   * @param rate as {@link RateProfile#parse} reads it
   * @param arrivals as {@link ArrivalPattern#parse} reads it
   * @param seconds at which the schedule ends at the latest; infinite for as long as the rate says
   * @throws WorkloadException if one of them has another form, or the rate is impossible
   */
  static ArrivalSpec parse(String rate, String arrivals, double seconds) {
    return new RatedArrivals(
        RateProfile.parse(rate).cutAt(positive(seconds)), ArrivalPattern.parse(arrivals));
  }

  /**
   * The same rate throughout.
   *
   * @param rate requests per second
   * @param seconds its length; infinite for no end
   * @throws WorkloadException if the rate is impossible
   */
  static ArrivalSpec fixed(double rate, ArrivalPattern pattern, double seconds) {
    return new RatedArrivals(RateProfile.fixed(rate, positive(seconds)), pattern);
  }

  /** Independent of each other, at a rate that changes as the profile says. */
  static ArrivalSpec poisson(RateProfile profile) {
    return new RatedArrivals(profile, new ArrivalPattern.Poisson());
  }

  /**
   * The moments in a file: one number a line, in seconds since the start, none before the one above
   * it; {@code #} begins a comment.
   *
   * @throws WorkloadException if it cannot be read or is not so, with the line
   */
  static ArrivalSpec replay(Path file) {
    return ReplayedArrivals.read(file);
  }

  /**
   * One of several equal shares of a schedule: each {@code of}-th moment, beginning with {@code
   * index}. The shares of schedules with the same seed make up the whole.
   */
  static ArrivalSchedule everyNth(ArrivalSchedule schedule, int index, int of) {
    if (index < 0 || index >= of) {
      throw new IllegalArgumentException("share %d of %d".formatted(index, of));
    }
    return new ScheduleShare(schedule, index, of);
  }

  private static double positive(double seconds) {
    if (!(seconds > 0)) {
      throw new WorkloadException("duration: %s s (expected above 0)".formatted(seconds));
    }
    return seconds;
  }
}
