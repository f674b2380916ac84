// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The order in which variants are sent: a table in which each stands as often as its weight says,
 * spread evenly (nginx's smooth weighted round robin) or shuffled. Used by one thread.
 */
final class Mix {
  private static final int MOST_ENTRIES = 4096;
  private static final int ENTRIES_A_VARIANT = 64;

  private final int[] table;
  private int at;

  /**
   * @param offset where to begin, so that several loops do not send the same at the same time
   * @param seed of a random order
   */
  Mix(Workload workload, int offset, long seed) {
    this.table =
        switch (workload.order()) {
          case IN_TURN -> evenly(workload.variants());
          case AT_RANDOM -> shuffled(evenly(workload.variants()), seed);
        };
    at = Math.floorMod(offset, table.length);
  }

  private static int[] evenly(List<Variant> variants) {
    int count = variants.size();
    boolean equal = variants.stream().allMatch(v -> v.weight() == variants.get(0).weight());
    int[] table =
        new int[equal ? count : Math.max(count, Math.min(MOST_ENTRIES, count * ENTRIES_A_VARIANT))];
    double total = variants.stream().mapToDouble(Variant::weight).sum();
    double[] credit = new double[count];
    for (int entry = 0; entry < table.length; entry++) {
      int richest = 0;
      for (int i = 0; i < count; i++) {
        credit[i] += variants.get(i).weight();
        if (credit[i] > credit[richest]) {
          richest = i;
        }
      }
      credit[richest] -= total;
      table[entry] = richest;
    }
    return table;
  }

  /** As many copies as make a table that nobody sees repeat itself, in an order of the seed. */
  private static int[] shuffled(int[] table, long seed) {
    int[] order = new int[table.length * Math.max(1, MOST_ENTRIES / table.length)];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < order.length; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = table[i % table.length];
    }
    return order;
  }

  int next() {
    int variant = table[at];
    at = at + 1 == table.length ? 0 : at + 1;
    return variant;
  }
}
