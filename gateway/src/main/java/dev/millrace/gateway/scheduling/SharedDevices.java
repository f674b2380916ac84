// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import static dev.millrace.gateway.scheduling.Quantities.number;
import static dev.millrace.gateway.scheduling.Quantities.percent;

import dev.millrace.batching.QueueReport;
import java.util.ArrayList;
import java.util.List;

/** How many runs at a time a GPU is given, and why, in words. */
final class SharedDevices {
  /** What a further run adds, beyond which it is something. */
  private static final double SOMETHING = 0.05;

  private static final List<String> ORDINALS =
      List.of("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth");

  private final QueueReport.Devices shared;
  private final List<Double> gains;
  private final int limit;
  private final String place;

  private SharedDevices(SchedulingReport report) {
    this.shared = report.queue().devices();
    this.gains = shared.inFlight().gains();
    this.limit = shared.inFlight().limit();
    this.place =
        (report.devices().size() > 1 ? "each of " : "") + String.join(", ", report.devices());
  }

  /** Nothing where replicas are independent, or where there is one for each device. */
  static List<String> explain(SchedulingReport report) {
    boolean shares = report.replicas() > report.queue().devices().count();
    return report.queue().devices().count() == 0 || !shares
        ? List.of()
        : new SharedDevices(report).sentences();
  }

  private List<String> sentences() {
    List<String> sentences = new ArrayList<>();
    sentences.add(sentence());
    int ready = shared.readyReplicas();
    if (ready > 0) {
      sentences.add(
          "%s %s aside until more runs at a time do more."
              .formatted(
                  ready == 1 ? "One replica" : number((long) ready) + " replicas",
                  ready == 1 ? "stands" : "stand"));
    }
    return sentences;
  }

  private String sentence() {
    if (gains.size() < 2) {
      return "One run at a time on %s so far: what two do has not been seen.".formatted(place);
    }
    if (limit == 1) {
      return "One run at a time on %s: a second adds %s.".formatted(place, added(2));
    }
    String most =
        "%s runs at a time on %s do %s times as much as one"
            .formatted(number((long) limit), place, number(gains.get(limit - 1)));
    return gains.size() > limit
        ? "%s; a %s adds %s.".formatted(most, ORDINALS.get(limit), added(limit + 1))
        : most + ".";
  }

  private String added(int running) {
    double added = gains.get(running - 1) / gains.get(running - 2) - 1;
    return added < SOMETHING ? "nothing" : percent(added) + ", which is not worth longer runs";
  }
}
