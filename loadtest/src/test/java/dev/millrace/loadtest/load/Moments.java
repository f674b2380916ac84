// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.ArrayList;
import java.util.List;

/** Takes schedules apart. */
final class Moments {
  private Moments() {}

  /** The first moments, at most that many, in nanoseconds. */
  static List<Long> of(ArrivalSchedule schedule, int limit) {
    List<Long> moments = new ArrayList<>();
    for (int i = 0; i < limit; i++) {
      long moment = schedule.nextNanos();
      if (moment == ArrivalSchedule.END) {
        break;
      }
      moments.add(moment);
    }
    return moments;
  }

  static List<Long> all(ArrivalSchedule schedule) {
    return of(schedule, Integer.MAX_VALUE);
  }

  /** How many lie between two moments given in seconds; the first counts, the last does not. */
  static long between(List<Long> moments, double from, double to) {
    return moments.stream().filter(m -> m >= from * 1e9 && m < to * 1e9).count();
  }
}
