// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads the keys of {@code model.yaml} that say how requests wait. */
final class YamlScheduling {
  private static final Map<String, Mode> MODES =
      Map.of("auto", Mode.AUTO, "triton", Mode.TRITON, "none", Mode.NONE);
  private static final Map<String, TimeoutAction> ACTIONS =
      Map.of("REJECT", TimeoutAction.REJECT, "DELAY", TimeoutAction.DELAY);
  private static final List<String> POLICY_KEYS =
      List.of("max_queue_size", "timeout", "timeout_action", "allow_timeout_override");
  private static final Set<ManifestKey> FOR_TRITON =
      EnumSet.of(
          ManifestKey.PREFERRED_BATCH_SIZES,
          ManifestKey.QUEUE_DELAY,
          ManifestKey.PRESERVE_ORDERING,
          ManifestKey.STRICT_OVERRIDE);
  private static final String TIMEOUT = "a duration such as 100ms, 0s..24h";

  private final YamlValues values;
  private final SchedulingBuilder scheduling;

  // where what was read stands, for what is said once all is known
  private final Map<ManifestKey, Node> given = new EnumMap<>(ManifestKey.class);
  private final Map<Integer, Node> levels = new TreeMap<>();

  YamlScheduling(YamlValues values, SchedulingBuilder scheduling) {
    this.values = values;
    this.scheduling = scheduling;
  }

  void readMode(ManifestKey key, Node node) {
    given.put(key, node);
    values.oneOf(node, key.key(), MODES, key.type()).ifPresent(mode -> scheduling.mode = mode);
  }

  void readSlo(ManifestKey key, Node node) {
    duration(key, node).ifPresent(nanos -> scheduling.sloNanos = nanos);
  }

  void readMaxQueueTime(ManifestKey key, Node node) {
    duration(key, node).ifPresent(nanos -> scheduling.maxQueueNanos = nanos);
  }

  void readPriorityLevels(ManifestKey key, Node node) {
    number(key, node).ifPresent(levels -> scheduling.priorityLevels = levels);
  }

  void readDefaultPriority(ManifestKey key, Node node) {
    scheduling.defaultPriority = number(key, node);
  }

  void readQueueDelay(ManifestKey key, Node node) {
    duration(key, node).ifPresent(nanos -> scheduling.queueDelayNanos = nanos);
  }

  void readPreserveOrdering(ManifestKey key, Node node) {
    bool(key, node).ifPresent(yes -> scheduling.preserveOrdering = yes);
  }

  void readStrictOverride(ManifestKey key, Node node) {
    bool(key, node).ifPresent(yes -> scheduling.strictOverride = yes);
  }

  void readPreferredSizes(ManifestKey key, Node node) {
    given.put(key, node);
    List<Integer> sizes = new ArrayList<>();
    for (Node element : values.list(node, key.key(), key.type())) {
      values
          .integer(element, key.key(), key.min(), key.max(), key.min() + ".." + key.max())
          .ifPresent(size -> sizes.add((int) size));
    }
    scheduling.preferredRows = sizes;
  }

  void readQueuePolicy(ManifestKey key, Node node) {
    given.put(key, node);
    scheduling.queuePolicy = policy(key.key(), node);
  }

  void readLevelPolicies(ManifestKey key, Node node) {
    given.put(key, node);
    values
        .map(node, key.key(), List.of())
        .forEach(
            (level, value) -> {
              String path = key.key() + "." + Names.printable(level);
              OptionalInt number = level(level);
              if (number.isEmpty()) {
                values.problem(value, path + ": unknown level (expected a number of 1 or more)");
                return;
              }
              levels.put(number.getAsInt(), value);
              scheduling.levelPolicies.put(number.getAsInt(), policy(path, value));
            });
  }

  private static OptionalInt level(String text) {
    try {
      int level = Integer.parseInt(text);
      return level > 0 ? OptionalInt.of(level) : OptionalInt.empty();
    } catch (NumberFormatException e) {
      return OptionalInt.empty();
    }
  }

  private QueuePolicy policy(String path, Node node) {
    Map<String, Node> entries = values.map(node, path, POLICY_KEYS);
    if (!(node instanceof MappingNode)) {
      return QueuePolicy.NONE;
    }
    QueuePolicy none = QueuePolicy.NONE;
    return new QueuePolicy(
        at(entries, "max_queue_size")
            .map(n -> size(path + ".max_queue_size", n))
            .orElse(none.maxQueueSize()),
        at(entries, "timeout").map(n -> timeout(path + ".timeout", n)).orElse(none.timeoutNanos()),
        at(entries, "timeout_action")
            .flatMap(n -> values.oneOf(n, path + ".timeout_action", ACTIONS, "REJECT or DELAY"))
            .orElse(none.timeoutAction()),
        at(entries, "allow_timeout_override")
            .flatMap(n -> values.bool(n, path + ".allow_timeout_override"))
            .orElse(none.allowTimeoutOverride()));
  }

  private static Optional<Node> at(Map<String, Node> entries, String key) {
    return Optional.ofNullable(entries.get(key));
  }

  private int size(String path, Node node) {
    return (int)
        values.integer(node, path, 0, Integer.MAX_VALUE, "0 for no limit, or more").orElse(0L);
  }

  private long timeout(String path, Node node) {
    return values.nanos(node, path, 0, 24 * Scheduling.HOUR_NANOS, TIMEOUT).orElse(0);
  }

  /** Says what is wrong between keys. */
  void check(OptionalInt maxBatchSize) {
    forgetOtherLevels();
    forgetLargerSizes(maxBatchSize);
    checkMode();
    checkPreferredSizes(maxBatchSize);
    checkPriorities();
  }

  /** The same where what is not given stands elsewhere, and is not known. */
  void checkWhatIsGiven(OptionalInt maxBatchSize) {
    checkPreferredSizes(maxBatchSize);
    if (given.containsKey(ManifestKey.SCHEDULER)) {
      checkMode();
    }
    if (given.containsKey(ManifestKey.PRIORITY_LEVELS)) {
      checkPriorities();
    }
  }

  /** With other levels than before, what was said of those before means nothing. */
  private void forgetOtherLevels() {
    if (!given.containsKey(ManifestKey.PRIORITY_LEVELS)) {
      return;
    }
    if (!given.containsKey(ManifestKey.DEFAULT_PRIORITY)) {
      scheduling.defaultPriority = OptionalInt.empty();
    }
    scheduling.levelPolicies.keySet().retainAll(levels.keySet());
  }

  /** The same for sizes that were preferred before, and are none any more. */
  private void forgetLargerSizes(OptionalInt maxBatchSize) {
    if (!given.containsKey(ManifestKey.PREFERRED_BATCH_SIZES) && maxBatchSize.isPresent()) {
      int most = maxBatchSize.getAsInt();
      scheduling.preferredRows =
          scheduling.preferredRows.stream().filter(rows -> rows <= most).toList();
    }
  }

  private void checkMode() {
    Mode mode = scheduling.mode;
    given.forEach(
        (key, node) -> {
          boolean fits =
              mode == Mode.TRITON ? key != ManifestKey.MAX_QUEUE_TIME : !FOR_TRITON.contains(key);
          if (!fits) {
            values.problem(
                node,
                key.key()
                    + ": without effect with scheduler: "
                    + name(mode)
                    + (mode == Mode.TRITON ? "" : " (expected triton)"));
          }
        });
  }

  private static String name(Mode mode) {
    return switch (mode) {
      case AUTO -> "auto";
      case TRITON -> "triton";
      case NONE -> "none";
    };
  }

  private void checkPreferredSizes(OptionalInt maxBatchSize) {
    Node node = given.get(ManifestKey.PREFERRED_BATCH_SIZES);
    if (node == null || maxBatchSize.isEmpty()) {
      return;
    }
    for (int size : scheduling.preferredRows) {
      if (size > maxBatchSize.getAsInt()) {
        values.problem(
            node,
            ManifestKey.PREFERRED_BATCH_SIZES.key()
                + ": "
                + size
                + " (expected at most max_batch_size, "
                + maxBatchSize.getAsInt()
                + ")");
      }
    }
  }

  private void checkPriorities() {
    int most = scheduling.priorityLevels;
    String expected =
        most == 0 ? " (expected nothing without priority_levels)" : " (expected 1.." + most + ")";
    Node node = given.get(ManifestKey.DEFAULT_PRIORITY);
    if (node != null && scheduling.defaultPriority.orElse(0) > most) {
      values.problem(
          node,
          ManifestKey.DEFAULT_PRIORITY.key()
              + ": "
              + scheduling.defaultPriority.getAsInt()
              + expected);
    }
    levels.forEach(
        (level, policy) -> {
          if (level > most) {
            values.problem(
                policy, ManifestKey.PRIORITY_QUEUE_POLICY.key() + ": level " + level + expected);
          }
        });
  }

  private OptionalInt number(ManifestKey key, Node node) {
    given.put(key, node);
    OptionalLong number = values.integer(node, key.key(), key.min(), key.max(), key.type());
    return number.isPresent() ? OptionalInt.of((int) number.getAsLong()) : OptionalInt.empty();
  }

  private OptionalLong duration(ManifestKey key, Node node) {
    given.put(key, node);
    return values.nanos(node, key.key(), key.min(), key.max(), key.type());
  }

  private Optional<Boolean> bool(ManifestKey key, Node node) {
    given.put(key, node);
    return values.bool(node, key.key());
  }
}
