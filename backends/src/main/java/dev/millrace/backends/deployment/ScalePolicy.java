// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How many replicas one version is to have, by its load: up within about two seconds, down when
 * fewer have been enough for a while.
 *
 * <p>What keeps it from going back and forth:
 *
 * <ul>
 *   <li>Up is at a load of {@value LoadStretch#HIGH} a replica, beyond chance, and to {@value
 *       #TARGET}; down is only to where the largest load of a minute, say, makes {@value #TARGET}
 *       at most. So no load is too high for one count and too low for the next.
 *   <li>Down that is regretted soon takes twice as long the next time.
 *   <li>More replicas that do not answer more, nor sooner, go again, and are not tried for a while:
 *       replicas share cores, memory and sometimes a lock, and where that is what is short nothing
 *       else tells.
 * </ul>
 *
 * <p>Pure: it is told the time and what was read. One thread.
 */
public final class ScalePolicy {
  /** Where a load has room to vary: twice the time of a run until an answer, in theory. */
  private static final double TARGET = 0.6;

  /** Less is not looked at. */
  private static final long SHORTEST_NANOS = 1_000_000_000;

  /** Long enough for most models, short enough to be quick. */
  private static final long STRETCH_NANOS = 2_000_000_000;

  /** Where a second brings only some requests. */
  private static final long LONGEST_NANOS = 120_000_000_000L;

  /** Of what more replicas would do alone, what they have to bring. */
  private static final double WORTHWHILE = 1.0 / 8;

  /** Fewer do not tell what replicas can do. */
  private static final long LEAST_BATCHES = 10;

  /** Until what was not worth it is tried again; twice as long each time. */
  private static final long HOLD_NANOS = 300_000_000_000L;

  private static final int MOST_DOUBLINGS = 4;

  /** Times of {@link Autoscaling#downAfter} in which it turns out whether that was too short. */
  private static final int REGRET_TIMES = 5;

  /**
   * What is to be done.
   *
   * @param why in words
   */
  public record Decision(int replicas, String why) {}

  /** What was expected of more replicas. */
  private record Trial(int before, int after, double capacity, double waitNanos) {
    boolean isWorthwhile(LoadStretch since) {
      double factor = 1 + WORTHWHILE * (after - before) / before;
      return since.capacity() >= factor * capacity || factor * since.meanWaitNanos() <= waitNanos;
    }
  }

  private final int useful;
  private final long sloNanos;

  /** Since the number of replicas is what it is. */
  private final List<LoadReading> readings = new ArrayList<>();

  private @Nullable Trial trial;

  // beyond that nothing was gained
  private int ceiling = Integer.MAX_VALUE;
  private long ceilingUntilNanos;
  private int futileTrials;

  // fewer replicas are enough
  private boolean calm;
  private long calmSinceNanos;
  private double calmPeak;

  // how it went
  private int doublings;
  private boolean wentDown;
  private long downNanos;

  /**
   * @param useful replicas beyond which more cannot be of use
   * @param sloNanos within which requests are to be answered; 0 for nothing in particular
   */
  public ScalePolicy(int useful, long sloNanos) {
    this.useful = useful;
    this.sloNanos = sloNanos;
  }

  /**
   * Looks at the load; to be called every half second or so.
   *
   * @return what is to be done, if anything; if it cannot be, call {@link #failed}
   */
  public Optional<Decision> look(Autoscaling bounds, LoadReading now) {
    if (!readings.isEmpty() && readings.getLast().replicas() != now.replicas()) {
      readings.clear();
      calm = false;
    }
    readings.add(now);
    readings.removeIf(reading -> now.atNanos() - reading.atNanos() > LONGEST_NANOS);
    if (now.atNanos() - readings.getFirst().atNanos() < SHORTEST_NANOS) {
      return Optional.empty();
    }
    LoadStretch stretch = stretch(now);
    Optional<String> pressure = pressure(stretch, sinceChange(now));
    Optional<Decision> back = judge(pressure.isPresent(), now);
    if (back.isPresent()) {
      return back;
    }
    return pressure.isPresent()
        ? up(bounds, stretch, pressure.get(), now)
        : down(bounds, stretch.neededReplicas(), now);
  }

  /**
   * Why there are too few replicas. Waits vary more than loads do, so they have to be long for
   * longer, and what has waited since there were fewer is no reason.
   */
  private Optional<String> pressure(LoadStretch recent, LoadStretch longer) {
    Optional<String> asked = recent.refusals().or(recent::highLoad);
    boolean mayWait = recent.isAtWork() && !recent.isDraining();
    return asked.isEmpty() && mayWait && recent.waits(sloNanos).isPresent()
        ? longer.waits(sloNanos)
        : asked;
  }

  private LoadStretch sinceChange(LoadReading now) {
    return new LoadStretch(readings.getFirst(), readings.get(readings.size() - 2), now);
  }

  /** The last seconds: more of them where there are few requests. */
  private LoadStretch stretch(LoadReading now) {
    LoadReading last = readings.get(readings.size() - 2);
    for (int i = readings.size() - 2; i > 0; i--) {
      LoadStretch stretch = new LoadStretch(readings.get(i), last, now);
      if (stretch.nanos() >= STRETCH_NANOS
          && stretch.arrivedRequests() >= LoadStretch.LEAST_REQUESTS) {
        return stretch;
      }
    }
    return sinceChange(now);
  }

  /** Whether more replicas have brought something; if not, they go again. */
  private Optional<Decision> judge(boolean pressed, LoadReading now) {
    Trial tried = trial;
    if (tried == null || now.replicas() <= tried.before) {
      trial = null;
      return Optional.empty();
    }
    LoadStretch since = sinceChange(now);
    boolean isEnough = since.batches() >= LEAST_BATCHES;
    if (pressed && since.nanos() < (isEnough ? STRETCH_NANOS : LONGEST_NANOS - SHORTEST_NANOS)) {
      return Optional.empty();
    }
    trial = null;
    if (!pressed || !isEnough || tried.isWorthwhile(since)) {
      futileTrials = 0;
      return Optional.empty();
    }
    hold(tried.before, now.atNanos());
    return Optional.of(
        new Decision(
            tried.before,
            "%d replicas do no more than %d did: %.0f rows a second, %.0f before"
                .formatted(now.replicas(), tried.before, since.capacity(), tried.capacity)));
  }

  private void hold(int replicas, long nowNanos) {
    ceiling = replicas;
    ceilingUntilNanos = nowNanos + (HOLD_NANOS << Math.min(futileTrials, MOST_DOUBLINGS));
    futileTrials++;
  }

  private Optional<Decision> up(
      Autoscaling bounds, LoadStretch stretch, String why, LoadReading now) {
    calm = false;
    if (ceiling < Integer.MAX_VALUE && now.atNanos() - ceilingUntilNanos >= 0) {
      ceiling = Integer.MAX_VALUE;
    }
    int replicas = now.replicas();
    int wanted = Math.clamp(enough(stretch.neededReplicas()), replicas + 1, 2 * replicas);
    int allowed = bounds.bounded(Math.min(wanted, Math.min(useful, ceiling)));
    if (trial != null || allowed <= replicas) {
      return Optional.empty();
    }
    if (wentDown) {
      boolean regretted = now.atNanos() - downNanos < REGRET_TIMES * bounds.downAfter().toNanos();
      doublings = Math.clamp(doublings + (regretted ? 1 : -1), 0, MOST_DOUBLINGS);
      wentDown = false;
    }
    trial = new Trial(replicas, allowed, stretch.capacity(), stretch.meanWaitNanos());
    return Optional.of(new Decision(allowed, why));
  }

  private static int enough(double needed) {
    return (int) Math.ceil(needed / TARGET);
  }

  private Optional<Decision> down(Autoscaling bounds, double needed, LoadReading now) {
    int replicas = now.replicas();
    if (bounds.bounded(enough(needed)) >= replicas) {
      calm = false;
      return Optional.empty();
    }
    if (!calm) {
      calm = true;
      calmSinceNanos = now.atNanos();
      calmPeak = 0;
    }
    calmPeak = Math.max(calmPeak, needed);
    long lasted = now.atNanos() - calmSinceNanos;
    if (lasted < bounds.downAfter().toNanos() << doublings) {
      return Optional.empty();
    }
    calm = false;
    wentDown = true;
    downNanos = now.atNanos();
    // half at most: what is known of the load is of the count that there is
    int fewer = bounds.bounded(Math.max(enough(calmPeak), Math.ceilDiv(replicas, 2)));
    return Optional.of(
        new Decision(
            fewer, "load for %.2f replicas at most in %.0f s".formatted(calmPeak, lasted / 1e9)));
  }

  /** What was decided could not be done: more replicas are not tried for a while. */
  public void failed(LoadReading now) {
    trial = null;
    hold(now.replicas(), now.atNanos());
  }
}
