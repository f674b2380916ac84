// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.List;
import java.util.function.DoubleSupplier;

/** Requests at a rate, in a pattern. */
record RatedArrivals(RateProfile profile, ArrivalPattern pattern) implements ArrivalSpec {

  @Override
  public ArrivalSchedule schedule(long seed) {
    return new Schedule(profile.stretches(), pattern.positions(seed));
  }

  @Override
  public double seconds() {
    return profile.seconds();
  }

  @Override
  public double requests() {
    return profile.requests();
  }

  /** Walks the stretches along with the positions, which never decrease. */
  private static final class Schedule implements ArrivalSchedule {
    private final List<Stretch> stretches;
    private final DoubleSupplier positions;
    private int index;
    // of the stretches passed
    private double secondsBefore;
    private double requestsBefore;
    private long last;

    Schedule(List<Stretch> stretches, DoubleSupplier positions) {
      this.stretches = stretches;
      this.positions = positions;
    }

    @Override
    public long nextNanos() {
      if (index == stretches.size()) {
        return END;
      }
      double position = positions.getAsDouble();
      Stretch stretch = stretches.get(index);
      while (position >= requestsBefore + stretch.requests()) {
        secondsBefore += stretch.seconds();
        requestsBefore += stretch.requests();
        index++;
        if (index == stretches.size()) {
          return END;
        }
        stretch = stretches.get(index);
      }
      double seconds = secondsBefore + stretch.secondsAt(position - requestsBefore);
      // rounding in a ramp must not turn two moments round
      last = Math.max(last, Math.round(seconds * 1e9));
      return last;
    }
  }
}
