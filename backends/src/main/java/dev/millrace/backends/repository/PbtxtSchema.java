// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.Nearest;
import dev.millrace.backends.repository.TextField.Message;
import java.math.BigInteger;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The messages of Triton's {@code ModelConfig}: which fields there are, and of which type. All of
 * them are known, so that a misspelt field is told from one that has no effect here.
 */
final class PbtxtSchema {

  /** Each line a message and its fields; {@code *} marks repeated ones. */
  private static final String MESSAGES =
      """
      ModelConfig name:string platform:string backend:string runtime:string \
       version_policy:ModelVersionPolicy max_batch_size:int32 input:ModelInput* \
       output:ModelOutput* batch_input:BatchInput* batch_output:BatchOutput* \
       optimization:ModelOptimizationPolicy dynamic_batching:ModelDynamicBatching \
       sequence_batching:ModelSequenceBatching ensemble_scheduling:ModelEnsembling \
       instance_group:ModelInstanceGroup* default_model_filename:string \
       cc_model_filenames:StringEntry* metric_tags:StringEntry* parameters:ParameterEntry* \
       model_warmup:ModelWarmup* model_operations:ModelOperations \
       model_transaction_policy:ModelTransactionPolicy \
       model_repository_agents:ModelRepositoryAgents response_cache:ModelResponseCache \
       model_metrics:ModelMetrics
      StringEntry key:string value:string
      ParameterEntry key:string value:ModelParameter
      ModelParameter string_value:string
      ModelInput name:string data_type:DataType format:Format dims:int64* \
       reshape:ModelTensorReshape is_shape_tensor:bool allow_ragged_batch:bool optional:bool \
       is_non_linear_format_io:bool
      ModelOutput name:string data_type:DataType dims:int64* reshape:ModelTensorReshape \
       label_filename:string is_shape_tensor:bool is_non_linear_format_io:bool
      ModelTensorReshape shape:int64*
      BatchInput kind:BatchInputKind target_name:string* data_type:DataType source_input:string*
      BatchOutput target_name:string* kind:BatchOutputKind source_input:string*
      ModelVersionPolicy latest:Latest all:All specific:Specific
      Latest num_versions:uint32
      All
      Specific versions:int64*
      ModelInstanceGroup name:string kind:InstanceKind count:int32 \
       rate_limiter:ModelRateLimiter gpus:int32* secondary_devices:SecondaryDevice* \
       profile:string* passive:bool host_policy:string
      SecondaryDevice kind:SecondaryDeviceKind device_id:int64
      ModelRateLimiter resources:Resource* priority:uint32
      Resource name:string global:bool count:uint32
      ModelDynamicBatching preferred_batch_size:int32* max_queue_delay_microseconds:uint64 \
       preserve_ordering:bool priority_levels:uint64 default_priority_level:uint64 \
       default_queue_policy:ModelQueuePolicy priority_queue_policy:QueuePolicyEntry*
      QueuePolicyEntry key:uint64 value:ModelQueuePolicy
      ModelQueuePolicy timeout_action:TimeoutAction default_timeout_microseconds:uint64 \
       allow_timeout_override:bool max_queue_size:uint32
      ModelTransactionPolicy decoupled:bool
      ModelResponseCache enable:bool
      ModelWarmup name:string batch_size:uint32 inputs:WarmupEntry* count:uint32
      WarmupEntry key:string value:WarmupInput
      WarmupInput data_type:DataType dims:int64* zero_data:bool random_data:bool \
       input_data_file:string
      ModelSequenceBatching direct:StrategyDirect oldest:StrategyOldest \
       max_sequence_idle_microseconds:uint64 control_input:ControlInput* state:State* \
       iterative_sequence:bool
      Control kind:ControlKind int32_false_true:int32* fp32_false_true:float* \
       bool_false_true:bool* data_type:DataType
      ControlInput name:string control:Control*
      InitialState data_type:DataType dims:int64* zero_data:bool data_file:string name:string
      State input_name:string output_name:string data_type:DataType dims:int64* \
       initial_state:InitialState* use_same_buffer_for_input_output:bool \
       use_growable_memory:bool
      StrategyDirect max_queue_delay_microseconds:uint64 minimum_slot_utilization:float
      StrategyOldest max_candidate_sequences:int32 preferred_batch_size:int32* \
       max_queue_delay_microseconds:uint64 preserve_ordering:bool
      ModelEnsembling step:Step* max_inflight_requests:uint32
      Step model_name:string model_version:int64 input_map:StringEntry* output_map:StringEntry* \
       model_namespace:string
      ModelOptimizationPolicy graph:Graph priority:ModelPriority cuda:Cuda \
       execution_accelerators:ExecutionAccelerators input_pinned_memory:PinnedMemoryBuffer \
       output_pinned_memory:PinnedMemoryBuffer gather_kernel_buffer_threshold:uint32 \
       eager_batching:bool
      Graph level:int32
      Cuda graphs:bool busy_wait_events:bool graph_spec:GraphSpec* output_copy_stream:bool
      GraphSpec batch_size:int32 input:ShapeEntry* graph_lower_bound:LowerBound
      LowerBound batch_size:int32 input:ShapeEntry*
      ShapeEntry key:string value:Shape
      Shape dim:int64*
      ExecutionAccelerators gpu_execution_accelerator:Accelerator* \
       cpu_execution_accelerator:Accelerator*
      Accelerator name:string parameters:StringEntry*
      PinnedMemoryBuffer enable:bool
      ModelOperations op_library_filename:string*
      ModelRepositoryAgents agents:Agent*
      Agent name:string parameters:StringEntry*
      ModelMetrics metric_control:MetricControl*
      MetricControl metric_identifier:MetricIdentifier histogram_options:HistogramOptions
      MetricIdentifier family:string
      HistogramOptions buckets:double*
      """;

  /** Each line an enum and its constants, in the order of their numbers from 0. */
  private static final String ENUMS =
      """
      DataType TYPE_INVALID TYPE_BOOL TYPE_UINT8 TYPE_UINT16 TYPE_UINT32 TYPE_UINT64 TYPE_INT8 \
       TYPE_INT16 TYPE_INT32 TYPE_INT64 TYPE_FP16 TYPE_FP32 TYPE_FP64 TYPE_STRING TYPE_BF16
      InstanceKind KIND_AUTO KIND_GPU KIND_CPU KIND_MODEL
      SecondaryDeviceKind KIND_NVDLA
      Format FORMAT_NONE FORMAT_NHWC FORMAT_NCHW
      BatchInputKind BATCH_ELEMENT_COUNT BATCH_ACCUMULATED_ELEMENT_COUNT \
       BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO BATCH_MAX_ELEMENT_COUNT_AS_SHAPE \
       BATCH_ITEM_SHAPE BATCH_ITEM_SHAPE_FLATTEN
      BatchOutputKind BATCH_SCATTER_WITH_INPUT_SHAPE
      ModelPriority PRIORITY_DEFAULT PRIORITY_MAX PRIORITY_MIN
      TimeoutAction REJECT DELAY
      ControlKind CONTROL_SEQUENCE_START CONTROL_SEQUENCE_READY CONTROL_SEQUENCE_END \
       CONTROL_SEQUENCE_CORRID
      """;

  static final String ROOT = "ModelConfig";

  private static final Map<String, Map<String, FieldType>> FIELDS = readMessages();
  private static final Map<String, List<String>> CONSTANTS = readEnums();

  private PbtxtSchema() {}

  /** A field's type: a message's or enum's name of the tables above, or a scalar type's. */
  private record FieldType(String type, boolean repeated) {}

  private static Map<String, Map<String, FieldType>> readMessages() {
    Map<String, Map<String, FieldType>> messages = new HashMap<>();
    for (String line : MESSAGES.lines().toList()) {
      List<String> words = List.of(line.trim().split(" +", -1));
      Map<String, FieldType> fields = new LinkedHashMap<>();
      for (String word : words.subList(1, words.size())) {
        int colon = word.indexOf(':');
        boolean repeated = word.endsWith("*");
        String type = word.substring(colon + 1, word.length() - (repeated ? 1 : 0));
        fields.put(word.substring(0, colon), new FieldType(type, repeated));
      }
      messages.put(words.getFirst(), Collections.unmodifiableMap(fields));
    }
    return messages;
  }

  private static Map<String, List<String>> readEnums() {
    Map<String, List<String>> enums = new HashMap<>();
    for (String line : ENUMS.lines().toList()) {
      List<String> words = List.of(line.trim().split(" +", -1));
      enums.put(words.getFirst(), words.subList(1, words.size()));
    }
    return enums;
  }

  /** Names of a message's fields. */
  static Set<String> fieldNames(String message) {
    return fieldsOf(message).keySet();
  }

  private static Map<String, FieldType> fieldsOf(String message) {
    return FIELDS.getOrDefault(message, Map.of());
  }

  /** Reports every field that is unknown, given too often, or not of its type. */
  static void check(Message message, String type, ManifestProblems problems) {
    Map<String, FieldType> known = fieldsOf(type);
    Set<String> seen = new HashSet<>();
    for (TextField field : message.fields()) {
      FieldType fieldType = known.get(field.name());
      if (fieldType == null) {
        problems.add(
            field.line(),
            field.column(),
            Names.printable(field.name())
                + ": unknown field"
                + Nearest.hint(field.name(), known.keySet()));
        continue;
      }
      if (!seen.add(field.name()) && !fieldType.repeated) {
        problems.add(field.line(), field.column(), field.name() + ": given twice (expected once)");
      }
      if (field.value() instanceof Message nested && FIELDS.containsKey(fieldType.type)) {
        check(nested, fieldType.type, problems);
      } else {
        mismatch(field.value(), fieldType.type)
            .ifPresent(
                expected ->
                    problems.add(
                        field.line(),
                        field.column(),
                        field.name()
                            + ": "
                            + describe(field.value())
                            + " (expected "
                            + expected
                            + ")"));
      }
    }
  }

  /** What a value should have been, if it is not of the type. */
  private static Optional<String> mismatch(TextField.Value value, String type) {
    List<String> constants = CONSTANTS.get(type);
    if (constants != null) {
      return PbtxtValues.constant(value, constants).isPresent()
          ? Optional.empty()
          : Optional.of(expectedConstant(value, constants));
    }
    return switch (type) {
      case "string" -> value instanceof TextField.Text ? Optional.empty() : Optional.of("a string");
      case "bool" ->
          PbtxtValues.bool(value).isPresent() ? Optional.empty() : Optional.of("true or false");
      case "float", "double" ->
          PbtxtValues.isFloat(value) ? Optional.empty() : Optional.of("a number");
      case "int32" -> integerMismatch(value, 31, true);
      case "int64" -> integerMismatch(value, 63, true);
      case "uint32" -> integerMismatch(value, 32, false);
      case "uint64" -> integerMismatch(value, 64, false);
      default -> Optional.of("a message in braces");
    };
  }

  private static Optional<String> integerMismatch(
      TextField.Value value, int valueBits, boolean signed) {
    BigInteger limit = BigInteger.ONE.shiftLeft(valueBits);
    BigInteger lowest = signed ? limit.negate() : BigInteger.ZERO;
    BigInteger highest = limit.subtract(BigInteger.ONE);
    return PbtxtValues.integer(value)
            .filter(n -> n.compareTo(lowest) >= 0 && n.compareTo(highest) <= 0)
            .isPresent()
        ? Optional.empty()
        : Optional.of("a whole number, " + lowest + ".." + highest);
  }

  private static String expectedConstant(TextField.Value value, List<String> constants) {
    if (value instanceof TextField.Word word) {
      Optional<String> nearest = Nearest.to(word.word(), constants);
      if (nearest.isPresent()) {
        return nearest.get();
      }
    }
    return "one of " + String.join(", ", constants);
  }

  static List<String> constants(String enumName) {
    return CONSTANTS.getOrDefault(enumName, List.of());
  }

  private static String describe(TextField.Value value) {
    return switch (value) {
      case TextField.Text text -> Names.quoted(text.text());
      case TextField.Numeral number -> Names.printable(number.literal());
      case TextField.Word word -> Names.printable(word.word());
      case Message message -> "a message";
    };
  }
}
