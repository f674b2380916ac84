// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import java.util.List;

/** Why batches look as they do. */
final class Explanation {
  private Explanation() {}

  static List<String> of(SchedulingReport report) {
    return List.of("%d batches so far.".formatted(report.queue().batches()));
  }
}
