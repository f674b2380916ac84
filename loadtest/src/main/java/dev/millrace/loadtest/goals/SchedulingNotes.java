// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a reader of the scheduler's rows should know. */
final class SchedulingNotes {
  private SchedulingNotes() {}

  /** How the requests of the first turn ended, and what the refused were told. */
  static String turn(Contestant<Served> load) {
    Turn first = load.turn(0).turn();
    return "the first turn at %s: %s; %s"
        .formatted(
            load.name(), first.measurement().outcomes(), first.measurement().messages().values());
  }

  /** What was learned, and why requests were refused meanwhile. */
  static List<String> of(Learned atThePeak, Learned before, Learned after) {
    List<String> notes = new ArrayList<>();
    notes.add("the best batch at the peak: " + atThePeak.longest().words());
    notes.add("the best batch at the end: " + after.longest().words());
    Map<String, Long> refused = new TreeMap<>(after.rejections());
    refused.replaceAll((reason, count) -> count - before.rejections().getOrDefault(reason, 0L));
    refused.values().removeIf(count -> count == 0);
    notes.add("refused in all turns, by reason: " + refused);
    notes.addAll(after.explanation());
    return notes;
  }
}
