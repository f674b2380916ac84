// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was seen after kills, for a line. */
final class KillTally {
  private final long seed;
  private final Map<KillMoment, Integer> moments = new EnumMap<>(KillMoment.class);
  private final List<Long> nanos = new ArrayList<>();
  private int answered;
  private int toNew;

  KillTally(long seed) {
    this.seed = seed;
  }

  /**
   * One kill.
   *
   * @param wasAnswered whether the change was answered before
   * @param isNew whether a version that came with the change answered first
   * @param toAnswerNanos from the start to the first answer
   */
  void add(KillMoment moment, boolean wasAnswered, boolean isNew, long toAnswerNanos) {
    moments.merge(moment, 1, Integer::sum);
    nanos.add(toAnswerNanos);
    answered += wasAnswered ? 1 : 0;
    toNew += isNew ? 1 : 0;
  }

  int kills() {
    return nanos.size();
  }

  @Override
  public String toString() {
    List<Long> sorted = nanos.stream().sorted().toList();
    return String.format(
        Locale.ROOT,
        "kills: seed %d, %d kills %s: %d began with the old version, %d with the new one; %d changes had been answered; start to first answer %.2f s (at most %.2f)",
        seed,
        kills(),
        moments,
        kills() - toNew,
        toNew,
        answered,
        sorted.get(sorted.size() / 2) / 1e9,
        sorted.getLast() / 1e9);
  }
}
