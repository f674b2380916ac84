// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import dev.millrace.backends.repository.Scheduling.TritonBatching;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class YamlManifestTest {

  static final String EVERYTHING =
      """
      # everything there is
      backend: onnxruntime
      file: net.onnx
      max_batch_size: 64
      replicas: 2
      threads: 4
      version_policy:
        versions: [1, 3]
      max_queued_rows: 100
      max_queued_bytes: 5000000000
      max_request_rows: 10
      max_run_time: 30s
      scheduler: triton
      slo: 25ms
      priority_levels: 3
      default_priority: 2
      queue_policy:
        max_queue_size: 32
        timeout: 100ms
        timeout_action: DELAY
        allow_timeout_override: true
      priority_queue_policy:
        3: {timeout: 2s}
      preferred_batch_sizes: [8, 4]
      queue_delay: 100us
      preserve_ordering: true
      strict_override: false
      required: false
      inputs:
        - name: x
          datatype: FP32
          shape: [-1, 3, 224, 224]
        - {name: ids, datatype: BYTES, shape: [-1]}
      outputs:
        - name: "y"
          datatype: INT64
          shape: []
      engine:
        graph_optimization_level: basic
        enable_mem_arena: false
        session.intra_op.allow_spinning: 0
      """;

  private static ModelManifest parse(String yaml) throws ManifestException {
    return new YamlManifest(Set.of("onnxruntime", "echo")).parse(yaml);
  }

  private static List<String> problems(String yaml) {
    try {
      parse(yaml);
      throw new AssertionError("no problem in " + yaml);
    } catch (ManifestException e) {
      return Arrays.asList(String.valueOf(e.getMessage()).split("; ", -1));
    }
  }

  @Test
  void paddingNamesLengthsInputsAndOutputs() throws Exception {
    ModelManifest manifest =
        parse(
            """
            padding:
              sizes: [16, 32]
              inputs:
                ids: {axis: 1, value: 0}
                scores: {axis: 2, value: -1.5}
              outputs:
                hidden: {axis: 1}
            """);

    assertThat(manifest.options().padding())
        .isEqualTo(
            new Padding(
                List.of(16, 32),
                Map.of(
                    "ids", new Padding.Filler(1, BigDecimal.ZERO),
                    "scores", new Padding.Filler(2, new BigDecimal("-1.5"))),
                Map.of("hidden", 1)));
  }

  @Test
  void paddingIsRefusedWithEverythingThatIsWrongWithIt() {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(
            () ->
                parse(
                    """
                    padding:
                      sizes: [32, 16]
                      inputs:
                        ids: {axis: 0, value: zero}
                      outputs:
                        hidden: {}
                    """))
        .withMessageContaining("padding.sizes: 16 (expected a list of lengths")
        .withMessageContaining("padding.inputs.ids.axis: 0 (expected 1..7")
        .withMessageContaining("padding.inputs.ids.value: zero (expected a number)")
        .withMessageContaining("padding.outputs.hidden.axis is missing");
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> parse("padding: {sizes: []}"))
        .withMessageContaining("padding.inputs is missing")
        .withMessageContaining("padding.sizes: no length");
  }

  @Test
  void readsEverything() throws ManifestException {
    ModelManifest manifest = parse(EVERYTHING);

    assertThat(manifest.backend()).isEqualTo("onnxruntime");
    assertThat(manifest.fileName()).isEqualTo("net.onnx");
    assertThat(manifest.replicas()).isEqualTo(2);
    assertThat(manifest.versionPolicy()).isEqualTo(new VersionPolicy.Specific(Set.of(1L, 3L)));
    assertThat(manifest.limits())
        .isEqualTo(new ModelManifest.Limits(100, 5_000_000_000L, 10, 30_000_000_000L));
    assertThat(manifest.scheduling())
        .isEqualTo(
            new Scheduling(
                Mode.TRITON,
                25_000_000,
                10_000_000_000L,
                3,
                2,
                new QueuePolicy(32, 100_000_000, TimeoutAction.DELAY, true),
                Map.of(3, new QueuePolicy(0, 2_000_000_000, TimeoutAction.REJECT, false)),
                false,
                new TritonBatching(List.of(4, 8), 100_000, true)));
    assertThat(manifest.required()).isFalse();
    assertThat(manifest.notes()).isEmpty();
    ModelOptions options = manifest.options();
    assertThat(options.maxBatchSize()).hasValue(64);
    assertThat(options.threads()).isEqualTo(4);
    assertThat(options.declaredInputs())
        .containsExactly(
            new TensorSpec("x", DataType.FP32, -1, 3, 224, 224),
            new TensorSpec("ids", DataType.BYTES, -1));
    assertThat(options.declaredOutputs()).containsExactly(new TensorSpec("y", DataType.INT64));
    assertThat(options.engine())
        .isEqualTo(
            Map.of(
                "graph_optimization_level", "basic",
                "enable_mem_arena", "false",
                "session.intra_op.allow_spinning", "0"));
  }

  @Test
  void readsWhereAModelIsToRun() throws ManifestException {
    ModelManifest manifest = parse("device: require gpu:0,1\ngpu_memory: 2GiB");

    assertThat(manifest.options().placement()).hasToString("require gpu:0,1");
    assertThat(manifest.options().gpuMemoryBytes()).isEqualTo(2L << 30);
    assertThat(parse("threads: 1").options().placement()).hasToString("auto");
  }

  @Test
  void refusesAPlaceThatIsNone() {
    assertThatThrownBy(() -> parse("device: gpu0"))
        .hasMessageContaining(
            "device: gpu0 (expected auto, cpu, gpu, gpu:0 or gpu:0,1; or require gpu and the"
                + " like)");
    assertThatThrownBy(() -> parse("device: [gpu]")).hasMessageContaining("device: a list");
    assertThatThrownBy(() -> parse("gpu_memory: much"))
        .hasMessageContaining("gpu_memory: much (expected a size such as 2GiB, 1MiB or more)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "{}"})
  void isTheDefaultIfItSaysNothing(String yaml) throws ManifestException {
    assertThat(parse(yaml)).isEqualTo(ModelManifest.DEFAULT);
  }

  @Test
  void readsEveryVersionPolicy() throws ManifestException {
    assertThat(parse("version_policy: all").versionPolicy()).isEqualTo(new VersionPolicy.All());
    assertThat(parse("version_policy: {latest: 3}").versionPolicy())
        .isEqualTo(new VersionPolicy.Latest(3));
    assertThat(parse("version_policy:\n  versions: [7]").versionPolicy())
        .isEqualTo(new VersionPolicy.Specific(Set.of(7L)));
  }

  @ParameterizedTest
  @CsvSource({"500ms,500000000", "2 s,2000000000", "1m,60000000000", "999999h,3599996400000000000"})
  void readsDurations(String text, long nanos) throws ManifestException {
    assertThat(parse("max_run_time: " + text).limits().maxRunNanos()).isEqualTo(nanos);
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "0s", "-1s", "1.5s", "s", "10000000s", "3 days", "[1s]"})
  void refusesWhatIsNoDuration(String text) {
    assertThat(problems("max_run_time: " + text))
        .singleElement()
        .asString()
        .contains("max_run_time", "expected a duration such as 500ms, 30s or 2m");
  }

  @Test
  void aRequestThatAsksForNoPriorityHasTheMiddleOne() throws ManifestException {
    assertThat(parse("priority_levels: 3").scheduling().defaultPriority()).isEqualTo(2);
    assertThat(parse("priority_levels: 1").scheduling().defaultPriority()).isEqualTo(1);
    assertThat(parse("priority_levels: 0").scheduling().defaultPriority()).isZero();
  }

  @Test
  void reportsWhatDoesNotFitTogetherInOneGo() {
    assertThat(
            problems(
                """
                queue_delay: 1ms
                preferred_batch_sizes: [4, 80]
                max_batch_size: 64
                default_priority: 4
                priority_levels: 3
                priority_queue_policy:
                  5: {}
                """))
        .containsExactly(
            "model.yaml:1: queue_delay: without effect with scheduler: auto (expected triton)",
            "model.yaml:2: preferred_batch_sizes: without effect with scheduler: auto"
                + " (expected triton)",
            "model.yaml:2: preferred_batch_sizes: 80 (expected at most max_batch_size, 64)",
            "model.yaml:4: default_priority: 4 (expected 1..3)",
            "model.yaml:7: priority_queue_policy: level 5 (expected 1..3)");
  }

  @Test
  void tellsZeroRowsFromNothingSaid() throws ManifestException {
    assertThat(parse("max_batch_size: 0").options().maxBatchSize()).hasValue(0);
    assertThat(parse("replicas: 2").options().maxBatchSize()).isEmpty();
  }

  @Test
  void reportsEveryProblemWithItsLine() {
    assertThat(
            problems(
                """
                replicas: 0
                threads: many

                replica: 2
                required: maybe
                """))
        .containsExactly(
            "model.yaml:1: replicas: 0 (expected 1..64)",
            "model.yaml:2: threads: many (expected 1..1024)",
            "model.yaml:4: replica: unknown key (did you mean 'replicas'?)",
            "model.yaml:5: required: maybe (expected true or false)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "replicas: 65 | replicas: 65 (expected 1..64)",
        "replicas: '2' | replicas: '2' (expected 1..64)",
        "replicas: 2.5 | replicas: 2.5 (expected 1..64)",
        "replicas: | replicas: nothing (expected 1..64)",
        "replicas: [2] | replicas: a list (expected 1..64)",
        "replicas: 99999999999999999999 | replicas: 99999999999999999999 (expected 1..64)",
        "scheduler: fast | scheduler: fast (expected auto, triton or none)",
        "slo: 25 | slo: 25 (expected a duration such as 25ms, 1us..24h)",
        "slo: 0s | slo: 0s (expected a duration such as 25ms, 1us..24h)",
        "slo: 25h | slo: 25h (expected a duration such as 25ms, 1us..24h)",
        "priority_levels: 256 | priority_levels: 256 (expected 0..255)",
        "default_priority: 1 | default_priority: 1 (expected nothing without priority_levels)",
        "queue_policy: 5 | queue_policy: 5 (expected a map)",
        "queue_policy: {size: 5} | queue_policy.size: unknown key",
        "queue_policy: {timeout: -1s} | queue_policy.timeout: -1s (expected a duration such as",
        "queue_policy: {timeout_action: drop} | timeout_action: drop (expected REJECT or DELAY)",
        "queue_policy: {max_queue_size: -1} | max_queue_size: -1 (expected 0 for no limit, or more)",
        "priority_queue_policy: {high: {}} | priority_queue_policy.high: unknown level (expected a",
        "max_queued_rows: 0 | max_queued_rows: 0 (expected 1 or more)",
        "max_queued_rows: 2147483648 | max_queued_rows: 2147483648 (expected 1 or more)",
        "backend: onnx | backend 'onnx' is not available here (expected",
        "backend: onnxruntme | backend 'onnxruntme' is not available here (did you mean 'onnx",
        "file: ../secret | file: '../secret' (expected the plain name of a file",
        "file: .. | file: '..' (expected the plain name of a file",
        "file: | file: nothing (expected a file name)",
        "version_policy: newest | version_policy: newest (expected 'all', 'latest: N' or",
        "version_policy: {latest: 0} | version_policy.latest: 0 (expected 1 or more)",
        "version_policy: {newest: 1} | version_policy.newest: unknown key (expected latest, ver",
        "version_policy: {latest: 1, versions: [2]} | both latest and versions (expected one)",
        "version_policy: {versions: []} | version_policy.versions: an empty list",
        "version_policy: {versions: [0]} | version_policy.versions: 0 (expected version numbers",
        "inputs: x | inputs: x (expected a list of tensors)",
        "inputs: [x] | inputs[0]: x (expected a map)",
        "inputs: [{name: x, shape: [1]}] | inputs[0].datatype is missing",
        "inputs: [{name: x, datatype: FP23, shape: [1]}] | 'FP23' (did you mean 'FP32'?)",
        "inputs: [{name: x, datatype: FP32, shape: 3}] | inputs[0].shape: 3 (expected a list of",
        "inputs: [{name: x, datatype: FP32, shape: [-2]}] | inputs[0].shape: -2 (expected -1 or",
        "engine: {a: [1]} | engine.a: a list (expected a plain value)",
        "engine: on | engine: on (expected a map)",
        "- replicas | a list (expected a map)",
        "replicas | replicas (expected a map)",
        "{replicas: 1, replicas: 2} | replicas: given twice",
        "{[1]: 2} | a list (expected a name)",
        "a: [ | model.yaml:",
        "a: *nobody | model.yaml:1: found undefined alias nobody",
      })
  void saysWhatIsWrongAndWhatWasExpected(String yaml, String problem) {
    assertThat(problems(yaml)).hasSize(1).first().asString().contains(problem);
  }

  @Test
  void reportsTensorsOfOneName() {
    String tensor = "{name: x, datatype: FP32, shape: [1]}";
    assertThat(problems("inputs: [" + tensor + ", " + tensor + "]"))
        .containsExactly("model.yaml:1: inputs: 'x' twice");
  }

  @Test
  void survivesNestingWithoutEnd() {
    assertThat(problems("engine: " + "[".repeat(1_000_000)).getFirst()).startsWith("model.yaml");
    assertThat(problems("engine: " + "[".repeat(50) + "]".repeat(50)))
        .containsExactly("model.yaml: nested more than 20 deep");
    assertThat(problems("engine: &a [*a]")).isNotEmpty();
  }

  @Test
  void reportsTheFirstProblemsOfAFileOfAnotherKind() {
    StringBuilder yaml = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      yaml.append("key").append(i).append(": 1\n");
    }
    assertThat(problems(yaml.toString())).hasSize(21).last().isEqualTo("and 80 more");
  }

  @Test
  void hidesNothingFromALogThatAttackersWrite() {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> parse("\"key\\e[31m\": 1"))
        .withMessageContaining("key\\u001b[31m");
  }
}
