// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * Who asks for how much of the replicas' time, who has had how much of it, and what that leaves to
 * whom in an overload.
 *
 * <p>A group is a tenant's requests of one size of deadline. Tenants share by weight, a tenant's
 * sizes of deadline by what is asked for. So those in no hurry are not starved by those who are,
 * nor a small tenant by a large one.
 *
 * <p><b>Whoever has had more leaves room for those who have had less</b>: for what they are
 * expected to send until the next batch starts, and no more than they lack. That is all there is to
 * it, and it is max-min fairness:
 *
 * <ul>
 *   <li>Whoever asks for less than a fair share has had less than the others at any time: it owes
 *       nobody anything and finds the door as if they were not there.
 *   <li>Those who ask for more have all had the same, by weight, and what is left goes to them: a
 *       place that nobody is expected to claim is free to anybody. Nothing is held back for who
 *       does not come, since what is expected until the batch starts shrinks to nothing.
 *   <li>No share is a rate: what replicas can do need not be known.
 * </ul>
 *
 * <p>Who asks for little saves up no more than a fair share of one window: who comes back from a
 * rest has precedence for that long, and not for as long as it has rested.
 *
 * <p>{@link #asked}, {@link #owed} and {@link #took} are the producers', the rest is the leader's.
 */
final class Shares {
  static final int TENANTS = 16;

  private static final int GROUPS = TENANTS * DeadlineClass.COUNT;

  /** Standard deviations of what others are expected to send, on top of it. */
  private static final double CHANCE = 2.5;

  /**
   * Times what they are expected to send, at most: a place of a small batch that hardly anybody
   * will come for any more is not kept.
   */
  private static final double MOST_CHANCE = 1.5;

  /** Over how long demand is averaged, at least; and in batches. */
  static final long LEAST_WINDOW_NANOS = 50_000_000;

  static final int WINDOW_BATCHES = 24;

  /**
   * Groups that ask for something in an overload, if there are several. Immutable.
   *
   * @param weights of each group, by which what it has had counts
   * @param demand of each, as a share of what can be done
   * @param mostNanos what a request counts for at most, by weight
   * @param severalTenants whether they are of several
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Claims(
      int[] groups, double[] weights, double[] demand, double mostNanos, boolean severalTenants) {
    static final Claims NONE = new Claims(new int[0], new double[0], new double[0], 0, false);
  }

  private final double[] tenantWeights;

  /** Replica time asked for since the last update, accepted or not. */
  private final AtomicLongArray demand = new AtomicLongArray(GROUPS);

  /**
   * Replica time that each group has had, by weight. Counted from that of the one that has had
   * most, whenever the leader looks.
   */
  private final AtomicLongArray had = new AtomicLongArray(GROUPS);

  private volatile Claims claims = Claims.NONE;

  // the leader's
  private final double[] recentDemand = new double[GROUPS];
  private long windowNanos = LEAST_WINDOW_NANOS;

  /**
   * @param tenantWeights weight of each tenant by its number; those beyond have 1
   */
  Shares(double[] tenantWeights) {
    this.tenantWeights = tenantWeights.clone();
  }

  static int group(int tenant, long remainingNanos) {
    return Math.clamp(tenant, 0, TENANTS - 1) * DeadlineClass.COUNT
        + DeadlineClass.of((double) remainingNanos);
  }

  /** A group asks for replica time. */
  void asked(int group, long workNanos) {
    demand.getAndAdd(group, workNanos);
  }

  /**
   * Replica time that a group has to leave to others who have had less: what they are expected to
   * ask for within a time.
   *
   * @param eachNanos what a request asks for
   */
  long owed(int group, long withinNanos, long eachNanos) {
    Claims now = claims;
    double mine = had.get(group);
    double owed = 0;
    for (int i = 0; i < now.groups.length; i++) {
      double lack = (mine - had.get(now.groups[i])) * now.weights[i];
      if (lack > 0) {
        double expected = now.demand[i] * withinNanos;
        double chance = CHANCE * Math.sqrt(expected * eachNanos);
        owed += Math.min(lack, expected + Math.min(chance, MOST_CHANCE * expected));
      }
    }
    return (long) owed;
  }

  /**
   * Sizes of deadline of those who have had less than a group.
   *
   * @return a bit for each {@link DeadlineClass}
   */
  int classesWithLess(int group) {
    Claims now = claims;
    long mine = had.get(group);
    int classes = 0;
    for (int i = 0; i < now.groups.length; i++) {
      classes |= had.get(now.groups[i]) < mine ? 1 << (now.groups[i] % DeadlineClass.COUNT) : 0;
    }
    return classes;
  }

  /** Whether several tenants ask for something. */
  boolean isAmongSeveral() {
    return claims.severalTenants;
  }

  /** A group gets replica time. */
  void took(int group, long workNanos) {
    Claims now = claims;
    for (int i = 0; i < now.groups.length; i++) {
      if (now.groups[i] == group) {
        had.getAndAdd(group, (long) Math.min(workNanos / now.weights[i], now.mostNanos));
      }
    }
  }

  /**
   * Counts what has been asked for.
   *
   * @param passed nanoseconds since the last time, more than 0
   * @return what is asked for, of all that can be done; above 1 in overload
   */
  double update(long passed) {
    double kept = Math.exp(-(double) passed / windowNanos);
    // what came over a time longer than the window came at its average rate
    double inWindow = (1 - kept) * windowNanos / passed;
    for (int group = 0; group < GROUPS; group++) {
      long added = demand.get(group) == 0 ? 0 : demand.getAndSet(group, 0);
      double recent = recentDemand[group] * kept + added * inWindow;
      recentDemand[group] = recent < 1 ? 0 : recent;
    }
    return asked() / windowNanos;
  }

  /** The overload is over: what was asked for in it is forgotten, down to what can be done. */
  void forget() {
    double excess = asked() / windowNanos;
    for (int group = 0; group < GROUPS; group++) {
      recentDemand[group] /= excess;
    }
  }

  /** Averages over several batches, if these take long. */
  void batchesTake(long nanos) {
    long window = Math.max(LEAST_WINDOW_NANOS, WINDOW_BATCHES * nanos);
    if (window != windowNanos) {
      for (int group = 0; group < GROUPS; group++) {
        recentDemand[group] *= (double) window / windowNanos;
      }
      windowNanos = window;
    }
  }

  /**
   * Tells who has a claim, and how far each is behind the one that has had most.
   *
   * @return how many times its due that tenant asks for whose demand is least beyond it: 1 if there
   *     is one that gets all it asks for
   */
  double share() {
    double[] asked = new double[TENANTS];
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      asked[tenant] = askedBy(tenant);
    }
    double level = level(asked);
    double flood = flood(asked, level);
    int[] groups = IntStream.range(0, GROUPS).filter(group -> recentDemand[group] > 0).toArray();
    if (groups.length < 2) {
      claims = Claims.NONE;
      return flood;
    }
    double[] weights = new double[groups.length];
    double[] demand = new double[groups.length];
    long most = Long.MIN_VALUE;
    for (int i = 0; i < groups.length; i++) {
      int group = groups[i];
      int tenant = group / DeadlineClass.COUNT;
      weights[i] = weight(tenant) * recentDemand[group] / asked[tenant];
      demand[i] = recentDemand[group] / windowNanos;
      most = Math.max(most, had.get(group));
    }
    for (int group = 0; group < GROUPS; group++) {
      long now = had.get(group);
      had.getAndAdd(group, Math.clamp(now - most, (long) -level, 0) - now);
    }
    boolean several =
        groups[0] / DeadlineClass.COUNT != groups[groups.length - 1] / DeadlineClass.COUNT;
    claims = new Claims(groups, weights, demand, level, several);
    return flood;
  }

  private double flood(double[] asked, double level) {
    double least = Double.POSITIVE_INFINITY;
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      if (asked[tenant] > 0) {
        least = Math.min(least, Math.max(1, asked[tenant] / (level * weight(tenant))));
      }
    }
    return least;
  }

  /**
   * What a tenant of weight 1 may have of a window's time, where each gets no more than it asks for
   * and what it leaves goes to the others.
   */
  private double level(double[] asked) {
    boolean[] satisfied = new boolean[TENANTS];
    double level = 0;
    for (boolean changed = true; changed; ) {
      changed = false;
      double left = windowNanos;
      double weights = 0;
      for (int tenant = 0; tenant < TENANTS; tenant++) {
        if (satisfied[tenant]) {
          left -= asked[tenant];
        } else {
          weights += weight(tenant);
        }
      }
      level = weights > 0 ? left / weights : level;
      for (int tenant = 0; tenant < TENANTS && weights > 0; tenant++) {
        if (!satisfied[tenant] && asked[tenant] <= level * weight(tenant)) {
          satisfied[tenant] = true;
          changed = true;
        }
      }
    }
    return level;
  }

  private double asked() {
    double sum = 0;
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      sum += askedBy(tenant);
    }
    return sum;
  }

  private double askedBy(int tenant) {
    double sum = 0;
    for (int i = 0; i < DeadlineClass.COUNT; i++) {
      sum += recentDemand[tenant * DeadlineClass.COUNT + i];
    }
    return sum;
  }

  private double weight(int tenant) {
    return tenant < tenantWeights.length ? tenantWeights[tenant] : 1;
  }
}
