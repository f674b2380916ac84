// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Values of labels. */
final class Labels {
  private Labels() {}

  /** Of a version of a model. */
  static List<String> of(String model, long version) {
    return List.of(model, version == 0 ? "" : Long.toString(version));
  }

  static List<String> with(List<String> labels, String more) {
    List<String> all = new ArrayList<>(labels);
    all.add(more);
    return all;
  }

  /** "queue_rows" for QUEUE_ROWS. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
