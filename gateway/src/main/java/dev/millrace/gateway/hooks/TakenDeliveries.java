// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names of deliveries that were taken, for as long as they could be taken again. Any thread. */
final class TakenDeliveries {
  /** A thousand a minute, and about a megabyte. */
  static final int MOST = 10_000;

  private final long keptSeconds;

  /** When each was taken, the first of them first. */
  private final Map<String, Long> taken = new LinkedHashMap<>();

  TakenDeliveries(long keptSeconds) {
    this.keptSeconds = keptSeconds;
  }

  /**
   * Takes one.
   *
   * @throws RefusedException if it was taken before, or if no more can be remembered
   */
  synchronized void take(String id, long nowSeconds) throws RefusedException {
    forget(nowSeconds);
    if (taken.containsKey(id)) {
      throw new RefusedException(
          HookOutcome.REPLAYED, "delivery %s was taken before (expected once)".formatted(id));
    }
    if (taken.size() >= MOST) {
      throw new RefusedException(
          HookOutcome.TOO_MANY,
          "more than %d deliveries in %d s; aliases are looked up every registry_poll_interval"
              .formatted(MOST, keptSeconds));
    }
    taken.put(id, nowSeconds);
  }

  private void forget(long nowSeconds) {
    Iterator<Long> times = taken.values().iterator();
    while (times.hasNext() && nowSeconds - times.next() > keptSeconds) {
      times.remove();
    }
  }
}
