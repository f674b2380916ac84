// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import dev.millrace.backends.shadow.Divergence.Kind;
import java.util.EnumMap;
import java.util.Map;

/** Counts what came of copies. Any thread. */
public final class ShadowCounts {
  // guarded by this
  private final Map<Kind, Long> byKind = new EnumMap<>(Kind.class);
  private long dropped;
  private double largest;
  private String output = "";
  private String example = "";

  /** A copy was run, or could not be. */
  public synchronized void add(Divergence found) {
    byKind.merge(found.kind(), 1L, Long::sum);
    if (found.kind() == Kind.DIFFERING && (output.isEmpty() || found.difference() > largest)) {
      largest = found.difference();
      output = found.output();
    } else if (found.kind() == Kind.INCOMPARABLE && output.isEmpty()) {
      output = found.output();
    }
    if (!found.detail().isEmpty()) {
      example = found.detail();
    }
  }

  /** So many were not made, or not run, for there was too much to do. */
  public synchronized void dropped(int copies) {
    dropped += copies;
  }

  /** All of it at this moment. */
  public synchronized Comparisons snapshot() {
    return new Comparisons(
        count(Kind.SAME),
        count(Kind.DIFFERING),
        count(Kind.INCOMPARABLE),
        count(Kind.FAILED),
        dropped,
        largest,
        output,
        example);
  }

  private long count(Kind kind) {
    return byKind.getOrDefault(kind, 0L);
  }
}
