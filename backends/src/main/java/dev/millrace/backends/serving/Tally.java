// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** A counter for each constant of an enum; any thread may count. */
public final class Tally<E extends Enum<E>> {
  private final EnumMap<E, LongAdder> counts;

  public Tally(Class<E> keys) {
    counts = new EnumMap<>(keys);
    for (E key : keys.getEnumConstants()) {
      counts.put(key, new LongAdder());
    }
  }

  public void count(E key) {
    LongAdder count = counts.get(key);
    if (count != null) { // always: the map is full from the start
      count.increment();
    }
  }

  /** All counts so far, together. */
  long total() {
    long total = 0;
    for (LongAdder count : counts.values()) {
      total += count.sum();
    }
    return total;
  }

  /** All counts so far. */
  public Map<E, Long> snapshot() {
    EnumMap<E, Long> now = new EnumMap<>(counts.keySet().iterator().next().getDeclaringClass());
    counts.forEach((key, count) -> now.put(key, count.sum()));
    return now;
  }
}
