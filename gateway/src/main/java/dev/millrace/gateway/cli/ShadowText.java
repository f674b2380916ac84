// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.admin.v1.ShadowStatus;
import java.util.Locale;

/** What came of copies of requests, as a line for people. */
final class ShadowText {
  private ShadowText() {}

  static String line(ShadowStatus shadow) {
    if (!shadow.getReason().isEmpty()) {
      return "shadow: no copies, " + shadow.getReason();
    }
    return "shadow: version %d runs %d %% of what %d answers: %d compared, %d differing%s, %d incomparable, %d failed%s, %d dropped"
        .formatted(
            shadow.getVersion(),
            shadow.getPercent(),
            shadow.getAgainst(),
            shadow.getCompared(),
            shadow.getDiffering(),
            worst(shadow),
            shadow.getIncomparable(),
            shadow.getFailed(),
            shadow.getExample().isEmpty() ? "" : " (" + shadow.getExample() + ")",
            shadow.getDropped());
  }

  private static String worst(ShadowStatus shadow) {
    return shadow.getDiffering() == 0
        ? ""
        : String.format(
            Locale.ROOT,
            " (output '%s' by %.4g at most)",
            shadow.getOutput(),
            shadow.getLargestDifference());
  }
}
