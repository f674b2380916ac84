// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Refusal;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A lane per shape, each with its earliest deadline first. */
final class DeadlineLanes {
  private final List<Lane> lanes = new ArrayList<>();

  void add(SimRequest request) {
    while (lanes.size() <= request.shape()) {
      lanes.add(new Lane());
    }
    lanes.get(request.shape()).addByDeadline(request);
  }

  /** Refuses the first request of a lane, for the sake of those behind it. */
  void dropFirst(long nowNanos, Lane lane) {
    SimRequest first = lane.removeFirst();
    first.refused(nowNanos, nowNanos < first.deadlineNanos() ? Refusal.HOPELESS : Refusal.EXPIRED);
  }

  /** All lanes, by shape; empty ones too. */
  List<Lane> all() {
    return lanes;
  }

  /** The lane whose first request has the earliest deadline of all. */
  Optional<Lane> earliest() {
    Lane earliest = null;
    for (int shape = 0; shape < lanes.size(); shape++) {
      Lane lane = lanes.get(shape);
      if (!lane.isEmpty()
          && (earliest == null
              || lane.first().deadlineNanos() < earliest.first().deadlineNanos())) {
        earliest = lane;
      }
    }
    return Optional.ofNullable(earliest);
  }
}
