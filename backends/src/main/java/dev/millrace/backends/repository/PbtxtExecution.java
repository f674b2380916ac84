// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads how a {@code config.pbtxt} wants its model run: instances, scheduling, engine. */
final class PbtxtExecution {

  /** Levels of Triton's ONNX Runtime backend, which are not in the order of their effect. */
  private static final Map<Long, String> GRAPH_LEVELS =
      Map.of(-1L, "basic", 0L, "all", 1L, "extended", 2L, "none");

  /** ONNX Runtime's own keys, which Triton passes through as well. */
  private static final List<String> ENGINE_PREFIXES = List.of("session.", "optimization.", "mlas.");

  private final ManifestProblems problems;
  private final ManifestBuilder manifest;

  PbtxtExecution(ManifestProblems problems, ManifestBuilder manifest) {
    this.problems = problems;
    this.manifest = manifest;
  }

  void read(PbtxtMessage config) {
    readInstanceGroups(config);
    new PbtxtScheduling(problems, manifest).read(config);
    config.field("optimization").ifPresent(this::readOptimization);
    config.all("parameters").forEach(this::readParameter);
  }

  private void readInstanceGroups(PbtxtMessage config) {
    InstanceGroups groups = new InstanceGroups(manifest.notes);
    config.messages("instance_group").forEach(groups::add);
    groups.placement().ifPresent(placement -> manifest.placement = placement);
    long replicas = groups.instances();
    if (replicas > ManifestKey.REPLICAS.max()) {
      TextField first = config.field("instance_group").orElseThrow();
      problems.add(
          first.line(),
          first.column(),
          "instance_group: "
              + replicas
              + " instances (expected "
              + ManifestKey.REPLICAS.type()
              + ")");
    } else if (replicas > 0) {
      manifest.replicas = (int) replicas;
    }
  }

  private void readOptimization(TextField field) {
    PbtxtMessage optimization = PbtxtMessage.message(field).orElseThrow();
    for (TextField part : optimization.fields()) {
      if (!part.name().equals("graph") && !isDefault(part)) {
        note("optimization: " + part.name() + " has no effect");
      }
    }
    Optional<PbtxtMessage> graph = optimization.message("graph");
    if (graph.isEmpty() || graph.get().integer("level").isEmpty()) {
      return;
    }
    long level = graph.get().integer("level").getAsLong();
    String name = GRAPH_LEVELS.get(level);
    if (name == null) {
      problems.add(
          field.line(), field.column(), "optimization: graph level " + level + " (expected -1..2)");
    } else {
      manifest.engine.put("graph_optimization_level", name);
    }
  }

  private void readParameter(TextField field) {
    PbtxtMessage entry = PbtxtMessage.message(field).orElseThrow();
    String key = entry.string("key").orElse("");
    String value = entry.message("value").flatMap(v -> v.string("string_value")).orElse("").strip();
    String what = "parameters: " + Names.printable(key) + ": ";
    switch (key) {
      case "intra_op_thread_count" -> readThreads(field, what, value);
      case "inter_op_thread_count" -> {
        if (!value.equals("0")) { // Triton's way of leaving it to the engine
          manifest.engine.put("inter_op_threads", value);
        }
      }
      case "execution_mode" -> choice(field, what, key, value, List.of("sequential", "parallel"));
      case "enable_mem_arena", "enable_mem_pattern" ->
          choice(field, what, key, value, List.of("false", "true"));
      default -> {
        if (PbtxtScheduling.isParameter(key)) {
          return; // read beside dynamic_batching
        }
        if (ENGINE_PREFIXES.stream().anyMatch(key::startsWith)) {
          manifest.engine.put(key, value);
        } else {
          note("parameters: " + Names.quoted(key) + " has no effect");
        }
      }
    }
  }

  private void readThreads(TextField field, String what, String value) {
    try {
      int threads = Integer.parseInt(value);
      if (threads == 0) {
        note(what + "0 means all cores to Triton; here it is " + manifest.threads);
        return;
      }
      if (threads >= ManifestKey.THREADS.min() && threads <= ManifestKey.THREADS.max()) {
        manifest.threads = threads;
        return;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    problems.add(
        field.line(),
        field.column(),
        what + Names.quoted(value) + " (expected 0.." + ManifestKey.THREADS.max() + ")");
  }

  /** An engine option whose two values the file writes as 0 and 1. */
  private void choice(
      TextField field, String what, String option, String value, List<String> meanings) {
    switch (value) {
      case "0", "1" -> manifest.engine.put(option, meanings.get(value.equals("0") ? 0 : 1));
      default ->
          problems.add(
              field.line(), field.column(), what + Names.quoted(value) + " (expected 0 or 1)");
    }
  }

  /** Whether the field says what holds without it as well. */
  static boolean isDefault(TextField field) {
    return switch (field.value()) {
      case TextField.Numeral number ->
          PbtxtValues.integer(number).map(n -> n.signum() == 0).orElse(false);
      case TextField.Word word ->
          word.word().equals("REJECT")
              || word.word().equals("PRIORITY_DEFAULT")
              || PbtxtValues.bool(field.value()).map(b -> !b).orElse(false);
      case TextField.Text text -> text.text().isEmpty();
      // Pinned memory is a matter of GPUs, and on there unless turned off.
      case TextField.Message message ->
          message.fields().isEmpty() || field.name().endsWith("_pinned_memory");
    };
  }

  private void note(String note) {
    manifest.notes.add(note);
  }
}
