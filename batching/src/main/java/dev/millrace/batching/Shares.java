// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Who asks for how much of the replicas' time, and what each may have of it in an overload.
 *
 * <p>A group is a tenant's requests of one size of deadline. Tenants share by weight, what one
 * leaves goes to the others; a tenant's sizes of deadline share by what is asked for. Who asks for
 * more than that is let in at that rate and no faster. So those in no hurry are not starved by
 * those who are, nor a small tenant by a large one.
 *
 * <p>{@link #asked} and {@link #take} are the producers', the rest is the leader's.
 */
final class Shares {
  static final int TENANTS = 16;

  private static final int GROUPS = TENANTS * DeadlineClass.COUNT;

  /** What a group has not used of its share it may catch up on, for so long. */
  private static final long CATCH_UP_NANOS = 50_000_000;

  /** Of all that is asked for: a group with more than that shares with nobody. */
  private static final double ALONE = 0.98;

  private static final long UNLIMITED = Long.MAX_VALUE;

  /** Over how long demand is averaged, at least; and in batches. */
  static final long LEAST_WINDOW_NANOS = 50_000_000;

  static final int WINDOW_BATCHES = 24;

  private final double[] tenantWeights;

  /** Replica time asked for since the last update, accepted or not. */
  private final AtomicLongArray demand = new AtomicLongArray(GROUPS);

  /** Replica time that each group may still use in an overload. */
  private final AtomicLongArray allowance = new AtomicLongArray(GROUPS);

  // the leader's
  private final double[] recentDemand = new double[GROUPS];
  private long windowNanos = LEAST_WINDOW_NANOS;

  /**
   * @param tenantWeights weight of each tenant by its number; those beyond have 1
   */
  Shares(double[] tenantWeights) {
    this.tenantWeights = tenantWeights.clone();
    for (int group = 0; group < GROUPS; group++) {
      allowance.setPlain(group, UNLIMITED);
    }
  }

  static int group(int tenant, long remainingNanos) {
    return Math.clamp(tenant, 0, TENANTS - 1) * DeadlineClass.COUNT
        + DeadlineClass.of((double) remainingNanos);
  }

  /** A group asks for replica time. */
  void asked(int group, long workNanos) {
    demand.getAndAdd(group, workNanos);
  }

  /** Takes replica time out of a group's share; false if it has none left. */
  boolean take(int group, long workNanos) {
    long left = allowance.get(group);
    if (left == UNLIMITED) {
      return true;
    }
    if (left < workNanos) {
      return false;
    }
    allowance.getAndAdd(group, -workNanos);
    return true;
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
   * Shares the capacity by weight; what a tenant does not ask for is shared among the others.
   *
   * @param passed nanoseconds since the last time
   */
  void share(long passed) {
    double[] asked = new double[TENANTS];
    double ofAll = 0;
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      asked[tenant] = askedBy(tenant);
      ofAll += asked[tenant];
    }
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
      level = left / weights;
      for (int tenant = 0; tenant < TENANTS && weights > 0; tenant++) {
        if (!satisfied[tenant] && asked[tenant] <= level * weight(tenant)) {
          satisfied[tenant] = true;
          changed = true;
        }
      }
    }
    for (int group = 0; group < GROUPS; group++) {
      int tenant = group / DeadlineClass.COUNT;
      if (satisfied[tenant] || recentDemand[group] == 0 || recentDemand[group] > ALONE * ofAll) {
        allowance.set(group, UNLIMITED);
      } else {
        double ofTenant = recentDemand[group] / asked[tenant];
        double share = ofTenant * level * weight(tenant) / windowNanos;
        refill(group, share, passed);
      }
    }
  }

  private void refill(int group, double share, long passed) {
    long most = (long) (share * CATCH_UP_NANOS);
    long left = allowance.get(group);
    if (left > most && left - most > most) {
      allowance.set(group, most); // it was unlimited
    } else if (left < most) {
      allowance.getAndAdd(group, (long) (share * Math.min(passed, CATCH_UP_NANOS)));
    }
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
