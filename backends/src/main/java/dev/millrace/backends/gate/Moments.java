// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What was measured of versions since a step began, moment by moment.
 *
 * <p>A machine that stalls (a collection of garbage, a neighbour, a disk) makes many requests slow,
 * or late, at once. They are one event, not many, and no rule that counts requests knows that. So a
 * gate asks twice: of all that was measured, and of what remains without the two half seconds in
 * which most of the cases were, wherever these lie. Stalls are gone then, with what had queued up
 * behind them; what is wrong with the version itself is not, and is known a second after the first
 * request.
 *
 * <p>Two, since a stall may last for a second, and since a core may stall twice on which only the
 * new version runs. In simulated steps of 15 s with such stalls (each core for a sixth of a second,
 * every 1 to 20 s; {@code GateTrialsTest}), equal versions were taken back in 0.04 % of them. With
 * one half second left out it was 0.2 %, with none 2.7 %, and 9 % by the rule that was here before.
 *
 * <p>Readings are what has come since the beginning, a tenth of a second apart, so any difference
 * of two is what came between. Old ones are thinned out: two of them are at most a two hundred and
 * fifty-sixth of their age apart. So half a second stays half a second for the newest two minutes,
 * however long a step lasts, and what goes wrong late is found as soon as what goes wrong early. An
 * hour ago it is a quarter of a minute. There are some 2,000 readings after an hour, and 3,000
 * after a day.
 *
 * <p>One thread.
 */
public final class Moments {
  /** Short against what is left out, and long against the looks of the control thread. */
  static final long SLICE_NANOS = 100_000_000;

  /** Most stalls of a machine are shorter; a longer one is as two that touch. */
  private static final long WORST_NANOS = 500_000_000;

  /** Of the worst half seconds. */
  private static final int LEFT_OUT = 2;

  private static final double NANOS_PER_SECOND = 1e9;
  private static final int GAPS_PER_AGE = 256;

  /** So many come between two looks at which of them can go: each look takes as long as all. */
  private static final int READINGS_PER_THINNING = 64;

  private final List<Reading> readings = new ArrayList<>();
  private int sinceThinning;
  private Measured latest = Measured.NOTHING;
  private long latestNanos;

  /**
   * What has come until some moment.
   *
   * @param seconds since the beginning
   * @param areas for each limited metric, what it said times the seconds for which it did; of use
   *     for gauges
   */
  record Reading(double seconds, long nanos, Measured measured, List<Double> areas) {
    double area(int metric) {
      return metric < areas.size() ? areas.get(metric) : 0;
    }
  }

  /**
   * So many cases of so many that could have been.
   *
   * @param cases which speak against the version; need not be whole
   */
  record Count(double cases, double trials) {
    static final Count NONE = new Count(0, 0);

    Count plus(Count other) {
      return new Count(cases + other.cases, trials + other.trials);
    }

    Count without(Count part) {
      return new Count(cases - part.cases, trials - part.trials);
    }
  }

  public Moments(long nowNanos) {
    latestNanos = nowNanos;
    readings.add(new Reading(0, nowNanos, Measured.NOTHING, List.of()));
  }

  /** One look at what has come since the beginning. */
  public void add(long nowNanos, Measured sinceBegin) {
    latest = sinceBegin;
    latestNanos = nowNanos;
    if (nowNanos - readings.getLast().nanos() < SLICE_NANOS) {
      return;
    }
    readings.add(new Reading(seconds(), nowNanos, sinceBegin, areas(nowNanos, sinceBegin)));
    sinceThinning++;
    if (sinceThinning == READINGS_PER_THINNING) {
      sinceThinning = 0;
      thin(nowNanos);
    }
  }

  /** Leaves out each reading whose neighbours are close enough for their age without it. */
  private void thin(long nowNanos) {
    List<Reading> kept = new ArrayList<>();
    kept.add(readings.getFirst());
    for (int i = 1; i < readings.size() - 1; i++) {
      Reading next = readings.get(i + 1);
      long gapNanos = next.nanos() - kept.getLast().nanos();
      if (gapNanos > (nowNanos - next.nanos()) / GAPS_PER_AGE) {
        kept.add(readings.get(i));
      }
    }
    kept.add(readings.getLast());
    readings.clear();
    readings.addAll(kept);
  }

  /** How many readings there are. */
  int size() {
    return readings.size();
  }

  /** All that has come, as of the last look. */
  Measured latest() {
    return latest;
  }

  /** From the beginning until the last look. */
  double seconds() {
    return (latestNanos - readings.getFirst().nanos()) / NANOS_PER_SECOND;
  }

  /** The last reading. */
  Reading last() {
    return readings.getLast();
  }

  private List<Double> areas(long nowNanos, Measured measured) {
    double seconds = (nowNanos - last().nanos()) / NANOS_PER_SECOND;
    List<Double> areas = new ArrayList<>();
    for (int i = 0; i < measured.metrics().size(); i++) {
      areas.add(last().area(i) + seconds * measured.value(i));
    }
    return areas;
  }

  Count all(ToDoubleFunction<Reading> cases, ToDoubleFunction<Reading> trials) {
    return at(readings.size() - 1, cases, trials);
  }

  /** Without the two half seconds in which most of the cases were, the first of several such. */
  Count withoutWorst(ToDoubleFunction<Reading> cases, ToDoubleFunction<Reading> trials) {
    List<Count> slices = new ArrayList<>();
    for (int i = 1; i < readings.size(); i++) {
      slices.add(at(i, cases, trials).without(at(i - 1, cases, trials)));
    }
    for (int i = 0; i < LEFT_OUT; i++) {
      leaveOutWorst(slices);
    }
    return slices.stream().reduce(Count.NONE, Count::plus);
  }

  private Count at(int reading, ToDoubleFunction<Reading> cases, ToDoubleFunction<Reading> trials) {
    Reading read = readings.get(reading);
    return new Count(cases.applyAsDouble(read), trials.applyAsDouble(read));
  }

  private void leaveOutWorst(List<Count> slices) {
    double most = 0;
    int worst = 0;
    int worstEnd = 0;
    for (int begin = 0; begin < slices.size(); begin++) {
      double cases = 0;
      int end = begin;
      while (end < slices.size() && nanosBetween(begin, end) < WORST_NANOS) {
        cases += slices.get(end).cases();
        end++;
      }
      if (cases > most) {
        most = cases;
        worst = begin;
        worstEnd = end;
      }
    }
    Collections.fill(slices.subList(worst, worstEnd), Count.NONE);
  }

  private long nanosBetween(int begin, int end) {
    return readings.get(end).nanos() - readings.get(begin).nanos();
  }
}
