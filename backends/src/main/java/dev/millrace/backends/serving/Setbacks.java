// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import java.util.HashMap;
import java.util.Map;

/**
 * Deployments whose new versions were given up since they are larger than the memory for all
 * models, until there is more of it. The control thread's.
 */
final class Setbacks {
  private final Map<Declared, Shortage> lacking = new HashMap<>();

  void add(Declared deployment, Shortage shortage) {
    lacking.put(deployment, shortage);
  }

  void remove(Declared deployment) {
    lacking.remove(deployment);
  }

  /** Has those tried again that may fit now; whether there are any. */
  boolean endThoseOver() {
    return lacking
        .entrySet()
        .removeIf(entry -> entry.getValue().isOver().getAsBoolean() && entry.getKey().triesAgain());
  }
}
