// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.util.Locale;

/** What decides in the gateway when requests run together: the key {@code scheduler} of a model. */
enum Policy {
  AUTO,
  TRITON,
  NONE;

  /** As the model's configuration has it. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What a model is called that is served in this way. */
  String of(String model) {
    return model + "_" + key();
  }
}
