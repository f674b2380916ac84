// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of a bench as its reports show them: what whoever repeats it has to know. */
final class ShownOptions {
  private final Map<String, String> shown = new LinkedHashMap<>();

  private ShownOptions() {}

  static Map<String, String> of(
      List<String> models, LoadFlags load, RequestFlags requests, ModeFlags mode) {
    ShownOptions options = new ShownOptions();
    options.add("models", String.join(" ", models));
    options.add("connections", String.valueOf(load.connections));
    if (load.openLoop().isEmpty() || mode.overload) {
      options.add("in-flight", String.valueOf(load.inFlight()));
    }
    options.add("rate", load.rate);
    options.add("arrivals", load.arrivals);
    options.add("replay", load.replay);
    options.add("duration", load.duration);
    options.add("warm-up", load.warmUp);
    options.add("deadline", load.deadline);
    options.add("event-loops", String.valueOf(load.eventLoops()));
    options.add("data", requests.data);
    options.add("rows", String.valueOf(requests.rows));
    options.add("shape", requests.shapes.isEmpty() ? null : String.join(" ", requests.shapes));
    options.add("expect", requests.expect);
    options.add("agree", requests.agree ? "true" : null);
    options.add("check-every", requests.checks() ? String.valueOf(requests.checkEvery()) : null);
    options.add("slo", mode.slo);
    options.add("against", mode.against);
    options.add("rounds", mode.against == null ? null : String.valueOf(mode.rounds()));
    options.add("seed", String.valueOf(load.seed));
    return options.shown;
  }

  private void add(String name, @Nullable String value) {
    if (value != null) {
      shown.put(name, value);
    }
  }
}
