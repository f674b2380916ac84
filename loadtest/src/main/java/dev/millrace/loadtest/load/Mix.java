// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.Variant;
import java.util.List;

/**
 * The order in which variants are sent: a table in which each stands as often as its weight says,
 * spread evenly (nginx's smooth weighted round robin). Used by one thread.
 */
final class Mix {
  private static final int MOST_ENTRIES = 4096;
  private static final int ENTRIES_A_VARIANT = 64;

  private final int[] table;
  private int at;

  /**
   * @param offset where to begin, so that several loops do not send the same at the same time
   */
  Mix(List<Variant> variants, int offset) {
    int count = variants.size();
    boolean equal = variants.stream().allMatch(v -> v.weight() == variants.get(0).weight());
    table =
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
    at = Math.floorMod(offset, table.length);
  }

  int next() {
    int variant = table[at];
    at = at + 1 == table.length ? 0 : at + 1;
    return variant;
  }
}
