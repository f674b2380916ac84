// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** Which of the models that may go have to, for so much memory. Pure. */
final class Eviction {
  private Eviction() {}

  /**
   * The ones that were not used for longest, as many as are needed; without those of them that the
   * others can do without.
   *
   * @param leastRecentFirst that may go
   * @param bytes what is free when one has gone
   * @param missingBytes what has to be free in the end, beyond what is
   * @return none if all of them together would not suffice
   */
  static <T> List<T> choose(List<T> leastRecentFirst, ToLongFunction<T> bytes, long missingBytes) {
    List<T> chosen = new ArrayList<>();
    long freed = 0;
    for (T model : leastRecentFirst) {
      if (freed >= missingBytes) {
        break;
      }
      chosen.add(model);
      freed += bytes.applyAsLong(model);
    }
    return freed >= missingBytes ? spareTheRecent(chosen, bytes, freed - missingBytes) : List.of();
  }

  private static <T> List<T> spareTheRecent(
      List<T> chosen, ToLongFunction<T> bytes, long surplusBytes) {
    List<T> needed = new ArrayList<>(chosen);
    long surplus = surplusBytes;
    for (T model : chosen.reversed()) {
      if (bytes.applyAsLong(model) <= surplus) {
        surplus -= bytes.applyAsLong(model);
        needed.remove(model);
      }
    }
    return needed;
  }
}
