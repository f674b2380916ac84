// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import dev.millrace.loadtest.load.ArrivalSchedule;
import java.util.List;

/**
 * What is asked for, and when.
 *
 * @param arrivals of first attempts
 * @param kinds what they are; each request is one of them at random
 * @param clients what follows when a request ends
 */
public record Workload(Arrivals arrivals, List<RequestKind> kinds, Clients clients) {
  public Workload {
    kinds = List.copyOf(kinds);
    if (kinds.isEmpty()) {
      throw new IllegalArgumentException("no kinds of request (expected at least one)");
    }
  }

  /** Where the moments come from; the same seed gives the same ones. */
  @FunctionalInterface
  public interface Arrivals {
    ArrivalSchedule schedule(long seed);
  }

  /** Requests of one kind, whose clients do not come again. */
  public static Workload of(Arrivals arrivals, RequestKind kind) {
    return new Workload(arrivals, List.of(kind), Clients.ONCE);
  }

  public static Workload of(Arrivals arrivals, List<RequestKind> kinds) {
    return new Workload(arrivals, kinds, Clients.ONCE);
  }

  public Workload with(Clients other) {
    return new Workload(arrivals, kinds, other);
  }

  /** The shortest time within which anybody wants an answer; Long.MAX_VALUE if nobody has one. */
  public long leastSloNanos() {
    return kinds.stream().mapToLong(RequestKind::sloNanos).min().orElseThrow();
  }
}
