// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.Units;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongConsumer;

/**
 * Reads how a {@code config.pbtxt} wants requests to wait: {@code dynamic_batching}, and parameters
 * of our own beside it, since Triton has no field for them.
 */
final class PbtxtScheduling {
  private static final String PREFIX = "millrace.";
  private static final Set<String> PARAMETERS =
      Set.of(
          "millrace.scheduler",
          "millrace.slo",
          "millrace.max_queue_time",
          "millrace.strict_override");

  private final ManifestProblems problems;
  private final ManifestBuilder manifest;
  private final SchedulingBuilder scheduling;

  PbtxtScheduling(ManifestProblems problems, ManifestBuilder manifest) {
    this.problems = problems;
    this.manifest = manifest;
    this.scheduling = manifest.scheduling;
  }

  /** Whether an entry of {@code parameters} is read here. */
  static boolean isParameter(String key) {
    return PARAMETERS.contains(key);
  }

  void read(PbtxtMessage config) {
    config.all("parameters").forEach(this::readParameter);
    Optional<PbtxtMessage> batching = config.message("dynamic_batching");
    if (batching.isPresent()) {
      readPriorities(batching.get());
      readQueuePolicies(batching.get());
      readBatches(batching.get());
    } else if (scheduling.mode == Mode.TRITON) {
      scheduling.mode = Mode.NONE;
      note("no dynamic_batching: one request a run, as in Triton");
    }
  }

  private void readParameter(TextField field) {
    PbtxtMessage entry = PbtxtMessage.message(field).orElseThrow();
    String key = entry.string("key").orElse("");
    String value = entry.message("value").flatMap(v -> v.string("string_value")).orElse("").strip();
    switch (key) {
      case "millrace.scheduler" -> readMode(field, value);
      case "millrace.slo" -> duration(field, key, value, nanos -> scheduling.sloNanos = nanos);
      case "millrace.max_queue_time" ->
          duration(field, key, value, nanos -> scheduling.maxQueueNanos = nanos);
      case "millrace.strict_override" -> {
        switch (value) {
          case "true", "false" -> scheduling.strictOverride = value.equals("true");
          default -> parameterProblem(field, key, value, "true or false");
        }
      }
      default -> {}
    }
  }

  private void readMode(TextField field, String value) {
    switch (value) {
      case "auto" -> scheduling.mode = Mode.AUTO;
      case "triton" -> scheduling.mode = Mode.TRITON;
      case "none" -> scheduling.mode = Mode.NONE;
      default -> parameterProblem(field, PREFIX + "scheduler", value, ManifestKey.SCHEDULER.type());
    }
  }

  private void duration(TextField field, String name, String value, LongConsumer target) {
    ManifestKey key = ManifestKey.of(name.substring(PREFIX.length())).orElseThrow();
    OptionalLong nanos = Units.nanos(value);
    if (nanos.isPresent() && nanos.getAsLong() >= key.min() && nanos.getAsLong() <= key.max()) {
      target.accept(nanos.getAsLong());
    } else {
      parameterProblem(field, name, value, key.type());
    }
  }

  private void parameterProblem(TextField field, String key, String value, String expected) {
    problem(
        field, "parameters: " + key + ": " + Names.quoted(value) + " (expected " + expected + ")");
  }

  private void readPriorities(PbtxtMessage batching) {
    long levels = batching.integer("priority_levels").orElse(0);
    if (levels > Scheduling.MOST_PRIORITY_LEVELS) {
      problem(
          batching,
          "priority_levels",
          "priority_levels: " + levels + " (expected 0.." + Scheduling.MOST_PRIORITY_LEVELS + ")");
      return;
    }
    scheduling.priorityLevels = (int) levels;
    long level = batching.integer("default_priority_level").orElse(0);
    if (levels > 0 && (level < 1 || level > levels)) {
      String place =
          batching.has("default_priority_level") ? "default_priority_level" : "priority_levels";
      problem(
          batching, place, "default_priority_level: " + level + " (expected 1.." + levels + ")");
    } else if (levels > 0) {
      scheduling.defaultPriority = OptionalInt.of((int) level);
    }
  }

  private void readQueuePolicies(PbtxtMessage batching) {
    batching
        .message("default_queue_policy")
        .ifPresent(policy -> scheduling.queuePolicy = policy(policy));
    for (TextField field : batching.all("priority_queue_policy").toList()) {
      PbtxtMessage entry = PbtxtMessage.message(field).orElseThrow();
      long level = entry.integer("key").orElse(0);
      if (level < 1 || level > scheduling.priorityLevels) {
        problem(
            field,
            "priority_queue_policy: level "
                + level
                + (scheduling.priorityLevels == 0
                    ? " (expected none without priority_levels)"
                    : " (expected 1.." + scheduling.priorityLevels + ")"));
        continue;
      }
      scheduling.levelPolicies.put(
          (int) level,
          entry.message("value").map(PbtxtScheduling::policy).orElse(QueuePolicy.NONE));
    }
  }

  private static QueuePolicy policy(PbtxtMessage policy) {
    return new QueuePolicy(
        (int) Math.min(Integer.MAX_VALUE, policy.integer("max_queue_size").orElse(0)),
        micros(policy, "default_timeout_microseconds"),
        policy.constant("timeout_action", "TimeoutAction").orElse("REJECT").equals("DELAY")
            ? TimeoutAction.DELAY
            : TimeoutAction.REJECT,
        policy.isTrue("allow_timeout_override"));
  }

  /** In nanoseconds; what a long cannot hold is as good as its largest. */
  private static long micros(PbtxtMessage message, String name) {
    long micros = message.integer(name).orElse(0);
    return Math.min(micros, Long.MAX_VALUE / Scheduling.MICRO_NANOS) * Scheduling.MICRO_NANOS;
  }

  private void readBatches(PbtxtMessage batching) {
    if (scheduling.mode != Mode.TRITON) {
      noteUnneeded(batching);
      return;
    }
    scheduling.queueDelayNanos = micros(batching, "max_queue_delay_microseconds");
    scheduling.preserveOrdering = batching.isTrue("preserve_ordering");
    int most = manifest.maxBatchSize.orElse((int) ManifestKey.MAX_BATCH_SIZE.max());
    List<Integer> sizes = new ArrayList<>();
    for (long size : batching.integers("preferred_batch_size")) {
      if (size < 1 || size > most) {
        problem(
            batching,
            "preferred_batch_size",
            "preferred_batch_size: " + size + " (expected 1.." + most + ")");
      } else {
        sizes.add((int) size);
      }
    }
    scheduling.preferredRows = sizes;
  }

  private void noteUnneeded(PbtxtMessage batching) {
    Set<String> unneeded = new TreeSet<>();
    for (String name : List.of("preferred_batch_size", "max_queue_delay_microseconds")) {
      if (batching.all(name).anyMatch(field -> !PbtxtExecution.isDefault(field))) {
        unneeded.add(name);
      }
    }
    if (!unneeded.isEmpty()) {
      note(
          "dynamic_batching: "
              + String.join(", ", unneeded)
              + " not needed: a batch is whatever waits when a replica becomes free");
    }
    if (batching.isTrue("preserve_ordering")) {
      note("dynamic_batching: preserve_ordering has no effect: answers leave when they are ready");
    }
  }

  private void note(String note) {
    manifest.notes.add(note);
  }

  private void problem(PbtxtMessage message, String fieldName, String problem) {
    message.field(fieldName).ifPresent(field -> problem(field, problem));
  }

  private void problem(TextField field, String problem) {
    problems.add(field.line(), field.column(), problem);
  }
}
