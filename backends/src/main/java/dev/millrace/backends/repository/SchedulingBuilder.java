// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TritonBatching;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** A {@link Scheduling} in the making; what is not set keeps the default. */
final class SchedulingBuilder {
  Mode mode = Scheduling.DEFAULT.mode();
  long sloNanos = Scheduling.DEFAULT.sloNanos();
  long maxQueueNanos = Scheduling.DEFAULT.maxQueueNanos();
  int priorityLevels = Scheduling.DEFAULT.priorityLevels();
  OptionalInt defaultPriority = OptionalInt.empty();
  QueuePolicy queuePolicy = QueuePolicy.NONE;
  final Map<Integer, QueuePolicy> levelPolicies = new TreeMap<>();
  boolean strictOverride = Scheduling.DEFAULT.strictOverride();
  List<Integer> preferredRows = List.of();
  long queueDelayNanos = TritonBatching.DEFAULT.queueDelayNanos();
  boolean preserveOrdering = TritonBatching.DEFAULT.preserveOrdering();

  /** One that keeps what another says unless it is set. */
  static SchedulingBuilder of(Scheduling base) {
    SchedulingBuilder builder = new SchedulingBuilder();
    builder.mode = base.mode();
    builder.sloNanos = base.sloNanos();
    builder.maxQueueNanos = base.maxQueueNanos();
    builder.priorityLevels = base.priorityLevels();
    builder.defaultPriority = OptionalInt.of(base.defaultPriority());
    builder.queuePolicy = base.queuePolicy();
    builder.levelPolicies.putAll(base.levelPolicies());
    builder.strictOverride = base.strictOverride();
    builder.preferredRows = base.batching().preferredRows();
    builder.queueDelayNanos = base.batching().queueDelayNanos();
    builder.preserveOrdering = base.batching().preserveOrdering();
    return builder;
  }

  Scheduling build() {
    return new Scheduling(
        mode,
        sloNanos,
        maxQueueNanos,
        priorityLevels,
        // in the middle, so that requests can ask for more as well as for less
        defaultPriority.orElse((priorityLevels + 1) / 2),
        queuePolicy,
        levelPolicies,
        strictOverride,
        new TritonBatching(
            preferredRows.stream().sorted().distinct().toList(),
            queueDelayNanos,
            preserveOrdering));
  }
}
