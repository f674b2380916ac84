// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import dev.millrace.backends.repository.Scheduling.TritonBatching;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class PbtxtManifestTest {

  static final String USUAL =
      """
      name: "m"
      platform: "onnxruntime_onnx"
      max_batch_size: 8  # rows
      input [
        {
          name: "data"
          data_type: TYPE_FP32
          format: FORMAT_NCHW
          dims: [ 3, 224, 224 ]
        },
        { name: "text" data_type: TYPE_STRING dims: -1 }
      ]
      output {
        name: 'prob'
        data_type: TYPE_INT64
        dims: 1000
        label_filename: "labels.txt"
      }
      instance_group [ { count: 2 kind: KIND_CPU }, { kind: KIND_AUTO } ]
      version_policy: { latest { num_versions: 2 } }
      dynamic_batching {
        preferred_batch_size: [ 4, 8 ]
        max_queue_delay_microseconds: 100
        default_queue_policy { max_queue_size: 32 }
      }
      optimization { graph { level: 1 } input_pinned_memory { enable: true } }
      parameters { key: "intra_op_thread_count" value: { string_value: "4" } }
      parameters [ { key: "execution_mode" value { string_value: "1" } } ]
      parameters: { key: "enable_mem_arena", value: { string_value: "0" } }
      parameters { key: "session.set_denormal_as_zero" value { string_value: "1" } }
      default_model_filename: "net.onnx"
      """;

  private static ModelManifest parse(String pbtxt) throws ManifestException {
    return new PbtxtManifest("m", Set.of("onnxruntime", "echo")).parse(pbtxt);
  }

  private static List<String> problems(String pbtxt) {
    try {
      parse(pbtxt);
      throw new AssertionError("no problem in " + pbtxt);
    } catch (ManifestException e) {
      return Arrays.asList(String.valueOf(e.getMessage()).split("; ", -1));
    }
  }

  @Test
  void readsAUsualConfiguration() throws ManifestException {
    ModelManifest manifest = parse(USUAL);

    assertThat(manifest.backend()).isEqualTo("onnxruntime");
    assertThat(manifest.fileName()).isEqualTo("net.onnx");
    assertThat(manifest.replicas()).isEqualTo(3);
    assertThat(manifest.versionPolicy()).isEqualTo(new VersionPolicy.Latest(2));
    assertThat(manifest.options().maxBatchSize()).hasValue(8);
    assertThat(manifest.options().threads()).isEqualTo(4);
    assertThat(manifest.options().declaredInputs())
        .containsExactly(
            new TensorSpec("data", DataType.FP32, -1, 3, 224, 224),
            new TensorSpec("text", DataType.BYTES, -1, -1));
    assertThat(manifest.options().declaredOutputs())
        .containsExactly(new TensorSpec("prob", DataType.INT64, -1, 1000));
    assertThat(manifest.options().engine())
        .isEqualTo(
            Map.of(
                "graph_optimization_level", "extended",
                "execution_mode", "parallel",
                "enable_mem_arena", "false",
                "session.set_denormal_as_zero", "1"));
    assertThat(manifest.notes())
        .containsExactly(
            "input 'data': format has no effect",
            "output 'prob': label_filename has no effect",
            "instance_group: groups of several kinds run together, on a GPU where one can be used",
            "dynamic_batching: max_queue_delay_microseconds, preferred_batch_size not needed: "
                + "a batch is whatever waits when a replica becomes free");
    assertThat(manifest.scheduling().mode()).isEqualTo(Mode.AUTO);
    assertThat(manifest.scheduling().batching()).isEqualTo(TritonBatching.DEFAULT);
    assertThat(manifest.scheduling().queuePolicy())
        .isEqualTo(new QueuePolicy(32, 0, TimeoutAction.REJECT, false));
  }

  @Test
  void isTheDefaultIfItSaysNothing() throws ManifestException {
    assertThat(parse("")).isEqualTo(ModelManifest.DEFAULT);
    assertThat(parse("dynamic_batching { }")).isEqualTo(ModelManifest.DEFAULT);
  }

  private static final String BATCHING =
      """
      max_batch_size: 16
      dynamic_batching {
        preferred_batch_size: [ 8, 4 ]
        max_queue_delay_microseconds: 250
        preserve_ordering: true
        priority_levels: 2
        default_priority_level: 2
        default_queue_policy {
          timeout_action: DELAY
          default_timeout_microseconds: 5000
          allow_timeout_override: true
          max_queue_size: 7
        }
        priority_queue_policy { key: 1 value { max_queue_size: 3 } }
      }
      """;

  @Test
  void readsDynamicBatchingForTheModeThatIsLikeTriton() throws ManifestException {
    String mode =
        """
        parameters { key: "millrace.scheduler" value { string_value: "triton" } }
        parameters { key: "millrace.slo" value { string_value: "25ms" } }
        parameters { key: "millrace.strict_override" value { string_value: "false" } }
        """;

    ModelManifest manifest = parse(BATCHING + mode);

    assertThat(manifest.notes()).isEmpty();
    assertThat(manifest.scheduling())
        .isEqualTo(
            new Scheduling(
                Mode.TRITON,
                25_000_000,
                Scheduling.DEFAULT.maxQueueNanos(),
                2,
                2,
                new QueuePolicy(7, 5_000_000, TimeoutAction.DELAY, true),
                Map.of(1, new QueuePolicy(3, 0, TimeoutAction.REJECT, false)),
                false,
                new TritonBatching(List.of(4, 8), 250_000, true)));
  }

  @Test
  void keepsTimeoutsAndPrioritiesWhenBatchesAreLeftToUs() throws ManifestException {
    ModelManifest manifest = parse(BATCHING);

    assertThat(manifest.scheduling().mode()).isEqualTo(Mode.AUTO);
    assertThat(manifest.scheduling().batching()).isEqualTo(TritonBatching.DEFAULT);
    assertThat(manifest.scheduling().defaultPriority()).isEqualTo(2);
    assertThat(manifest.scheduling().policyOf(1).maxQueueSize()).isEqualTo(3);
    assertThat(manifest.scheduling().policyOf(2).timeoutNanos()).isEqualTo(5_000_000);
    assertThat(manifest.options().maxBatchSize()).hasValue(16);
    assertThat(manifest.notes())
        .containsExactly(
            "dynamic_batching: max_queue_delay_microseconds, preferred_batch_size not needed: "
                + "a batch is whatever waits when a replica becomes free",
            "dynamic_batching: preserve_ordering has no effect: answers leave when they are"
                + " ready");
  }

  @Test
  void batchesNothingInTritonsModeWithoutDynamicBatching() throws ManifestException {
    ModelManifest manifest =
        parse("parameters { key: \"millrace.scheduler\" value { string_value: \"triton\" } }");

    assertThat(manifest.scheduling().mode()).isEqualTo(Mode.NONE);
    assertThat(manifest.notes())
        .containsExactly("no dynamic_batching: one request a run, as in Triton");
  }

  @Test
  void leavesTheBatchSizeToTheEngineUnlessItIsGiven() throws ManifestException {
    assertThat(parse("name: \"m\"").options().maxBatchSize()).isEmpty();
    assertThat(parse("max_batch_size: 0").options().maxBatchSize()).hasValue(0);
  }

  @Test
  void shapesAreFullWhereThereIsNoBatchSize() throws ManifestException {
    String input = "input { name: \"x\" data_type: TYPE_FP16 dims: [-1, 4] }";
    TensorSpec asWritten = new TensorSpec("x", DataType.FP16, -1, 4);
    assertThat(parse(input).options().declaredInputs()).containsExactly(asWritten);
    assertThat(parse(input + "max_batch_size: 0").options().declaredInputs())
        .containsExactly(asWritten);
  }

  @Test
  void takesTheShapeThatTheModelSees() throws ManifestException {
    ModelManifest manifest =
        parse(
            """
            max_batch_size: 4
            input { name: "x" data_type: TYPE_FP32 dims: [1] reshape { shape: [] } }
            output { name: "y" data_type: TYPE_BOOL dims: [2, 3] reshape { shape: [6] } }
            """);

    assertThat(manifest.options().declaredInputs())
        .containsExactly(new TensorSpec("x", DataType.FP32, -1));
    assertThat(manifest.options().declaredOutputs())
        .containsExactly(new TensorSpec("y", DataType.BOOL, -1, 6));
    assertThat(manifest.notes())
        .contains("input 'x': clients send the model's own shape [-1], not [-1,1]");
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void knowsEveryDataType(DataType type) throws ManifestException {
    String name = type == DataType.BYTES ? "STRING" : type.name();
    String input = "input { name: \"x\" data_type: TYPE_" + name + " dims: 1 }";

    assertThat(parse(input).options().declaredInputs())
        .containsExactly(new TensorSpec("x", type, 1));
  }

  @Test
  void readsEveryVersionPolicy() throws ManifestException {
    assertThat(parse("version_policy { all { } }").versionPolicy())
        .isEqualTo(new VersionPolicy.All());
    assertThat(parse("version_policy: { specific: { versions: [1, 0x10] } }").versionPolicy())
        .isEqualTo(new VersionPolicy.Specific(Set.of(1L, 16L)));
    assertThat(parse("version_policy { latest { } }").versionPolicy())
        .isEqualTo(new VersionPolicy.Latest(1));
  }

  @Test
  void namesTheEngineByBackendOrPlatform() throws ManifestException {
    assertThat(parse("backend: \"onnxruntime\"").backend()).isEqualTo("onnxruntime");
    assertThat(parse("platform: \"onnxruntime_onnx\" backend: \"onnxruntime\"").backend())
        .isEqualTo("onnxruntime");
    assertThat(parse("backend: \"echo\"").backend()).isEqualTo("echo");
  }

  @Test
  void countsTheInstancesOfEachGpu() throws ManifestException {
    ModelManifest manifest = parse("instance_group [{ count: 3 kind: KIND_GPU gpus: [0, 1] }]");

    assertThat(manifest.replicas()).isEqualTo(6);
    assertThat(manifest.options().placement()).hasToString("gpu:0,1");
    assertThat(manifest.notes()).isEmpty();
  }

  @Test
  void theKindOfInstancesSaysWhereTheyRun() throws ManifestException {
    assertThat(parse("instance_group { kind: KIND_GPU }").options().placement()).hasToString("gpu");
    assertThat(parse("instance_group { kind: KIND_CPU }").options().placement()).hasToString("cpu");
    assertThat(parse("instance_group { count: 2 }").options().placement()).hasToString("auto");
    assertThat(parse("").options().placement()).hasToString("auto");
    ModelManifest mixed = parse("instance_group [{ kind: KIND_CPU }, { kind: KIND_GPU gpus: 1 }]");
    assertThat(mixed.options().placement()).hasToString("gpu:1");
    assertThat(mixed.replicas()).isEqualTo(2);
    assertThat(mixed.notes())
        .containsExactly(
            "instance_group: groups of several kinds run together, on a GPU where one can be used");
  }

  @Test
  void readsEveryGraphLevel() throws ManifestException {
    Map<String, String> names = Map.of("-1", "basic", "0", "all", "1", "extended", "2", "none");
    for (Map.Entry<String, String> level : names.entrySet()) {
      assertThat(
              parse("optimization { graph { level: " + level.getKey() + " } }").options().engine())
          .containsEntry("graph_optimization_level", level.getValue());
    }
  }

  @Test
  void leavesThreadsToTheEngineWhereTritonDoes() throws ManifestException {
    ModelManifest manifest =
        parse(
            """
            parameters { key: "intra_op_thread_count" value { string_value: "0" } }
            parameters { key: "inter_op_thread_count" value { string_value: "0" } }
            parameters { key: "gpu_mem_limit" value { string_value: "1" } }
            """);

    assertThat(manifest.options().threads()).isEqualTo(1);
    assertThat(manifest.options().engine()).isEmpty();
    assertThat(manifest.notes()).hasSize(2).last().asString().contains("'gpu_mem_limit'");
  }

  @Test
  void notesWhatHasNoEffectAndServesWithout() throws ManifestException {
    ModelManifest manifest =
        parse(
            """
            response_cache { enable: true }
            metric_tags { key: "a" value: "b" }
            cc_model_filenames { key: "7.0" value: "x" }
            optimization { cuda { graphs: true } priority: PRIORITY_MAX }
            model_transaction_policy { decoupled: false }
            model_repository_agents { }
            """);

    assertThat(manifest.notes())
        .extracting(note -> note.substring(0, note.indexOf(" has no effect")))
        .containsExactly(
            "response_cache",
            "metric_tags",
            "cc_model_filenames",
            "optimization: cuda",
            "optimization: priority");
  }

  @Test
  void notesOnceWhatIsGivenOften() throws ManifestException {
    assertThat(parse("instance_group [{ kind: KIND_MODEL }, { kind: KIND_MODEL }]").notes())
        .hasSize(1);
  }

  @Test
  void saysNothingOfWhatIsOffAnyway() throws ManifestException {
    assertThat(parse("response_cache { enable: false }").notes()).isEmpty();
    assertThat(parse("dynamic_batching { preserve_ordering: false priority_levels: 0 }").notes())
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "name: \"other\" | 1:7: name: 'other' (expected the folder's, 'm')",
        "max_batchsize: 3 | 1:16: max_batchsize: unknown field (did you mean 'max_batch_size'?)",
        "input { dim: 1 } | 1:14: dim: unknown field (did you mean 'dims'?)",
        "backend: \"tensorrt\" | 1:10: backend 'tensorrt' is not available here (expected",
        "backend: \"python\" | backend 'python' is not available here",
        "platform: \"tensorrt_plan\" | backend 'tensorrt_plan' is not available here",
        "platform: \"ensemble\" | platform 'ensemble' is not supported yet",
        "backend: \"echo\" platform: \"onnxruntime_onnx\" | is not one of backend 'echo'",
        "max_batch_size: \"8\" | max_batch_size: '8' (expected a whole number, -2147483648..",
        "max_batch_size: -1 | max_batch_size: -1 (expected 0..65536)",
        "max_batch_size: 08 | max_batch_size: 08 (expected a whole number",
        "max_batch_size: 1 max_batch_size: 2 | max_batch_size: given twice (expected once)",
        "name: m | name: m (expected a string)",
        "input: 5 | input: 5 (expected a message in braces)",
        "input { name: \"x\" data_type: FP32 dims: 1 } | data_type: FP32 (expected one of TYPE_",
        "input { name: \"x\" data_type: TYPE_FP23 dims: 1 } | TYPE_FP23 (expected TYPE_FP32)",
        "input { name: \"x\" dims: 1 } | input 'x': data_type is missing",
        "input { name: \"x\" data_type: TYPE_FP32 } | input 'x': dims is missing",
        "input { name: \"x\" data_type: 11 dims: 0 } | input 'x': dims: 0 (expected -1 or a size)",
        "input { data_type: TYPE_FP32 dims: 1 } | input: name is missing",
        "input { name: \"x\" data_type: 11 dims: 1 optional: true } | optional is not supported",
        "input { name: \"x\" data_type: 11 dims: 1 allow_ragged_batch: true } | is not supported",
        "input { name: \"x\" data_type: 11 dims: 1 is_shape_tensor: true } | is not supported yet",
        "instance_group { count: 65 } | instance_group: 65 instances (expected 1..64)",
        "instance_group { kind: KIND_TPU } | kind: KIND_TPU (expected KIND_",
        "version_policy { latest { } all { } } | more than one of latest, all and specific",
        "version_policy { specific { } } | specific versions [] (expected version numbers",
        "version_policy { specific { versions: 0 } } | specific versions [0] (expected",
        "default_model_filename: \"a/b\" | default_model_filename: 'a/b' (expected the plain name",
        "sequence_batching { } | sequence_batching is not supported yet",
        "ensemble_scheduling { step [] } | ensemble_scheduling is not supported yet",
        "model_transaction_policy { decoupled: true } | decoupled models are not supported yet",
        "batch_input { } | batch_input is not supported yet",
        "optimization { graph { level: 3 } } | optimization: graph level 3 (expected -1..2)",
        "parameters { key: \"intra_op_thread_count\" } | '' (expected 0..1024)",
        "parameters { key: \"execution_mode\" value { string_value: \"2\" } } | expected 0 or 1",
        "parameters { key: \"x\" value: \"y\" } | value: 'y' (expected a message in braces)",
        "response_cache { enable: yes } | enable: yes (expected true or false)",
        "dynamic_batching { priority_levels: 256 } | priority_levels: 256 (expected 0..255)",
        "dynamic_batching { priority_levels: 2 } | default_priority_level: 0 (expected 1..2)",
        "dynamic_batching { priority_queue_policy { key: 1 } } | level 1 (expected none without",
        "parameters { key: \"millrace.scheduler\" value { string_value: \"fast\" } } | 'fast' (expected"
            + " auto, triton or none)",
        "parameters { key: \"millrace.slo\" value { string_value: \"25\" } } | '25' (expected a"
            + " duration such as 25ms",
        "dynamic_batching { priority_levels: -1 } | -1 (expected a whole number, 0..184467",
      })
  void saysWhatIsWrongAndWhatWasExpected(String pbtxt, String problem) {
    assertThat(problems(pbtxt))
        .hasSize(1)
        .first()
        .asString()
        .startsWith("config.pbtxt:1:")
        .contains(problem);
  }

  @Test
  void reportsEveryProblemWithItsPlace() {
    assertThat(
            problems(
                """
                name: "other"
                max_batch_size: -5
                sequence_batching { oldest { max_candidate_sequences: 4 } }
                input { name: "x" data_type: TYPE_FP32 dims: [3, 0] }
                """))
        .extracting(problem -> problem.substring(0, problem.indexOf(": ")))
        .containsExactlyInAnyOrder(
            "config.pbtxt:1:7", "config.pbtxt:2:17", "config.pbtxt:3:19", "config.pbtxt:4:50");
  }

  @Test
  void everyFieldOfTheSchemaHasItsPlaceInTheTable() {
    assertThat(Arrays.stream(PbtxtField.values()).map(PbtxtField::field))
        .containsExactlyInAnyOrderElementsOf(PbtxtSchema.fieldNames(PbtxtSchema.ROOT));
  }

  @Test
  void knowsSettingsThatItDoesNotOffer() {
    assertThat(
            problems(
                """
                sequence_batching {
                  max_sequence_idle_microseconds: 5000000
                  direct { minimum_slot_utilization: 0.5 }
                  control_input [{
                    name: "START"
                    control [{ kind: CONTROL_SEQUENCE_START fp32_false_true: [0, 1] }]
                  }]
                  state [{
                    input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [-1]
                    initial_state { data_type: TYPE_FP32 dims: 1 zero_data: true name: "s" }
                  }]
                }
                """))
        .containsExactly("config.pbtxt:1:19: sequence_batching is not supported yet");
  }
}
