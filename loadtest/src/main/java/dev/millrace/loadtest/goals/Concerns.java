// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.Measurement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** What casts doubt on turns: answers that failed or were wrong, a load tester at its limit. */
final class Concerns {
  // a loop this busy may be what limits the rate
  private static final double BUSY = 0.95;

  private Concerns() {}

  static List<String> of(String name, List<Turn> turns) {
    List<Measurement> measurements = turns.stream().map(Turn::measurement).toList();
    List<String> lines = new ArrayList<>(wrong(name, measurements));
    long failed = measurements.stream().mapToLong(Measurement::failed).sum();
    if (failed > 0) {
      Set<String> reasons = new TreeSet<>();
      measurements.forEach(
          m -> m.messages().forEach((code, text) -> reasons.add(code + " " + text)));
      lines.add("%s: %d answers failed: %s".formatted(name, failed, String.join("; ", reasons)));
    }
    double busy = measurements.stream().mapToDouble(Measurement::loopBusy).max().orElse(0);
    if (busy > BUSY) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: the load tester was busy %.0f %% of a turn, so the server could do more",
              name,
              100 * busy));
    }
    return lines;
  }

  /** Wrong answers only: where requests are expected to fail. */
  static List<String> wrong(String name, List<Measurement> measurements) {
    return measurements.stream()
        .filter(m -> m.wrong() > 0)
        .findFirst()
        .map(m -> List.of("%s: wrong answers: %s".formatted(name, m.wrongExample())))
        .orElse(List.of());
  }
}
