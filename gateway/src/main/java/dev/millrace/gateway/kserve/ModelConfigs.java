// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Units;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.backends.repository.VersionPolicy;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelDynamicBatching;
import dev.millrace.proto.inference.ModelInput;
import dev.millrace.proto.inference.ModelInstanceGroup;
import dev.millrace.proto.inference.ModelOutput;
import dev.millrace.proto.inference.ModelParameter;
import dev.millrace.proto.inference.ModelQueuePolicy;
import dev.millrace.proto.inference.ModelTransactionPolicy;
import dev.millrace.proto.inference.ModelVersionPolicy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A served version in the protocol's configuration message, as it runs, defaults filled in. */
final class ModelConfigs {
  private ModelConfigs() {}

  private static ModelInstanceGroup instances(ServedVersion served) {
    List<Integer> gpus =
        served.devices().stream().filter(Device::isGpu).map(Device::index).toList();
    return ModelInstanceGroup.newBuilder()
        .setName(served.name())
        .setKind(
            gpus.isEmpty() ? ModelInstanceGroup.Kind.KIND_CPU : ModelInstanceGroup.Kind.KIND_GPU)
        .setCount(served.replicaCount())
        .addAllGpus(gpus)
        .build();
  }

  static ModelConfig of(ServedVersion served) {
    boolean batched = served.signature().isBatched();
    ModelConfig.Builder config =
        ModelConfig.newBuilder()
            .setName(served.name())
            .setPlatform(served.platform())
            .setBackend(served.manifest().backend())
            .setDefaultModelFilename(served.manifest().fileName())
            .setVersionPolicy(versionPolicy(served.manifest().versionPolicy()))
            .setMaxBatchSize(served.signature().maxBatchSize())
            .addInstanceGroup(instances(served))
            .setModelTransactionPolicy(ModelTransactionPolicy.newBuilder().setDecoupled(false))
            .putParameters(
                "batching",
                ModelParameter.newBuilder().setStringValue(served.describeBatching()).build());
    config.putParameters(
        "scheduler",
        ModelParameter.newBuilder().setStringValue(scheduler(served.manifest())).build());
    long sloNanos = served.manifest().scheduling().sloNanos();
    if (sloNanos > 0) {
      config.putParameters(
          "slo",
          ModelParameter.newBuilder()
              .setStringValue(Units.show(Duration.ofNanos(sloNanos)))
              .build());
    }
    if (batched) {
      config.setDynamicBatching(dynamicBatching(served.manifest().scheduling()));
    }
    for (TensorSpec spec : served.signature().inputs()) {
      config.addInput(
          ModelInput.newBuilder()
              .setName(spec.name())
              .setDataType(dataType(spec.dataType()))
              .addAllDims(dims(spec, batched)));
    }
    for (TensorSpec spec : served.signature().outputs()) {
      config.addOutput(
          ModelOutput.newBuilder()
              .setName(spec.name())
              .setDataType(dataType(spec.dataType()))
              .addAllDims(dims(spec, batched)));
    }
    return config.build();
  }

  private static String scheduler(ModelManifest manifest) {
    return manifest.scheduling().mode().name().toLowerCase(Locale.ROOT);
  }

  private static ModelDynamicBatching dynamicBatching(Scheduling scheduling) {
    Scheduling.TritonBatching batching = scheduling.batching();
    ModelDynamicBatching.Builder message =
        ModelDynamicBatching.newBuilder()
            .addAllPreferredBatchSize(batching.preferredRows())
            .setMaxQueueDelayMicroseconds(micros(batching.queueDelayNanos()))
            .setPreserveOrdering(batching.preserveOrdering())
            .setPriorityLevels(scheduling.priorityLevels())
            .setDefaultPriorityLevel(scheduling.defaultPriority());
    if (!scheduling.queuePolicy().equals(Scheduling.QueuePolicy.NONE)) {
      message.setDefaultQueuePolicy(queuePolicy(scheduling.queuePolicy()));
    }
    scheduling
        .levelPolicies()
        .forEach((level, policy) -> message.putPriorityQueuePolicy(level, queuePolicy(policy)));
    return message.build();
  }

  private static ModelQueuePolicy queuePolicy(Scheduling.QueuePolicy policy) {
    return ModelQueuePolicy.newBuilder()
        .setTimeoutAction(
            switch (policy.timeoutAction()) {
              case REJECT -> ModelQueuePolicy.TimeoutAction.REJECT;
              case DELAY -> ModelQueuePolicy.TimeoutAction.DELAY;
            })
        .setDefaultTimeoutMicroseconds(micros(policy.timeoutNanos()))
        .setAllowTimeoutOverride(policy.allowTimeoutOverride())
        .setMaxQueueSize(policy.maxQueueSize())
        .build();
  }

  private static long micros(long nanos) {
    return nanos / 1000;
  }

  /** The dimensions, without the batch axis if there is one. */
  private static List<Long> dims(TensorSpec spec, boolean batched) {
    return Arrays.stream(spec.shape()).skip(batched ? 1 : 0).boxed().toList();
  }

  private static ModelVersionPolicy versionPolicy(VersionPolicy policy) {
    ModelVersionPolicy.Builder message = ModelVersionPolicy.newBuilder();
    switch (policy) {
      case VersionPolicy.Latest latest ->
          message.setLatest(ModelVersionPolicy.Latest.newBuilder().setNumVersions(latest.count()));
      case VersionPolicy.All all -> message.setAll(ModelVersionPolicy.All.getDefaultInstance());
      case VersionPolicy.Specific specific ->
          message.setSpecific(
              ModelVersionPolicy.Specific.newBuilder().addAllVersions(specific.versions()));
    }
    return message.build();
  }

  private static dev.millrace.proto.inference.DataType dataType(DataType type) {
    return switch (type) {
      case BOOL -> dev.millrace.proto.inference.DataType.TYPE_BOOL;
      case UINT8 -> dev.millrace.proto.inference.DataType.TYPE_UINT8;
      case UINT16 -> dev.millrace.proto.inference.DataType.TYPE_UINT16;
      case UINT32 -> dev.millrace.proto.inference.DataType.TYPE_UINT32;
      case UINT64 -> dev.millrace.proto.inference.DataType.TYPE_UINT64;
      case INT8 -> dev.millrace.proto.inference.DataType.TYPE_INT8;
      case INT16 -> dev.millrace.proto.inference.DataType.TYPE_INT16;
      case INT32 -> dev.millrace.proto.inference.DataType.TYPE_INT32;
      case INT64 -> dev.millrace.proto.inference.DataType.TYPE_INT64;
      case FP16 -> dev.millrace.proto.inference.DataType.TYPE_FP16;
      case FP32 -> dev.millrace.proto.inference.DataType.TYPE_FP32;
      case FP64 -> dev.millrace.proto.inference.DataType.TYPE_FP64;
      case BYTES -> dev.millrace.proto.inference.DataType.TYPE_STRING;
      case BF16 -> dev.millrace.proto.inference.DataType.TYPE_BF16;
    };
  }
}
