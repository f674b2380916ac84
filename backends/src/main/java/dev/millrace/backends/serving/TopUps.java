// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Has served versions get the replicas that they are short of: those that there was no memory for,
 * and those that have failed. The control thread's, which waits for none of them.
 */
final class TopUps {
  private final Loads loads;
  private final Supplier<Stream<ServedVersion>> served;

  /**
   * @param served all that serve now
   */
  TopUps(Loads loads, Supplier<Stream<ServedVersion>> served) {
    this.loads = loads;
    this.served = served;
  }

  /** Sees to those that are due. */
  void look() {
    served.get().filter(ServedVersion::takeTopUp).toList().forEach(loads::topUp);
  }

  /** More memory is free than before. */
  void roomIsThere() {
    served.get().forEach(ServedVersion::roomIsThere);
    look();
  }

  /** Nanoseconds until one is due; the largest number for never. */
  long untilNext() {
    return served.get().mapToLong(ServedVersion::untilTopUp).min().orElse(Long.MAX_VALUE);
  }
}
