// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A manifest in the making; what is not set keeps the default. */
final class ManifestBuilder {
  String backend = ModelManifest.DEFAULT.backend();
  String fileName = ModelManifest.DEFAULT.fileName();
  VersionPolicy versionPolicy = ModelManifest.DEFAULT.versionPolicy();
  int replicas = ModelManifest.DEFAULT.replicas();
  int maxQueuedRows = ModelManifest.Limits.DEFAULT.maxQueuedRows();
  long maxQueuedBytes = ModelManifest.Limits.DEFAULT.maxQueuedBytes();
  int maxRequestRows = ModelManifest.Limits.DEFAULT.maxRequestRows();
  long maxRunNanos = ModelManifest.Limits.DEFAULT.maxRunNanos();
  boolean required = ModelManifest.DEFAULT.required();
  OptionalInt maxBatchSize = ModelOptions.DEFAULT.maxBatchSize();
  int threads = ModelOptions.DEFAULT.threads();
  Placement placement = ModelOptions.DEFAULT.placement();
  long gpuMemoryBytes = ModelOptions.DEFAULT.gpuMemoryBytes();
  List<TensorSpec> inputs = List.of();
  List<TensorSpec> outputs = List.of();
  Padding padding = Padding.NONE;
  List<WarmUpRequest> warmUp = List.of();
  final SchedulingBuilder scheduling;
  final Map<String, String> engine = new LinkedHashMap<>();
  final List<String> notes = new ArrayList<>();

  ManifestBuilder() {
    this(new SchedulingBuilder());
  }

  private ManifestBuilder(SchedulingBuilder scheduling) {
    this.scheduling = scheduling;
  }

  /** One that keeps what another says unless it is set. */
  static ManifestBuilder of(ModelManifest base) {
    ManifestBuilder builder = new ManifestBuilder(SchedulingBuilder.of(base.scheduling()));
    builder.backend = base.backend();
    builder.fileName = base.fileName();
    builder.versionPolicy = base.versionPolicy();
    builder.replicas = base.replicas();
    builder.maxQueuedRows = base.limits().maxQueuedRows();
    builder.maxQueuedBytes = base.limits().maxQueuedBytes();
    builder.maxRequestRows = base.limits().maxRequestRows();
    builder.maxRunNanos = base.limits().maxRunNanos();
    builder.required = base.required();
    builder.maxBatchSize = base.options().maxBatchSize();
    builder.threads = base.options().threads();
    builder.placement = base.options().placement();
    builder.gpuMemoryBytes = base.options().gpuMemoryBytes();
    builder.inputs = base.options().declaredInputs();
    builder.outputs = base.options().declaredOutputs();
    builder.padding = base.options().padding();
    builder.warmUp = base.warmUp();
    builder.engine.putAll(base.options().engine());
    builder.notes.addAll(base.notes());
    return builder;
  }

  ModelManifest build() {
    return new ModelManifest(
        backend,
        fileName,
        versionPolicy,
        replicas,
        new ModelManifest.Limits(maxQueuedRows, maxQueuedBytes, maxRequestRows, maxRunNanos),
        scheduling.build(),
        new ModelOptions(
            maxBatchSize,
            threads,
            List.copyOf(inputs),
            List.copyOf(outputs),
            placement,
            gpuMemoryBytes,
            Collections.unmodifiableMap(new LinkedHashMap<>(engine)),
            padding),
        List.copyOf(warmUp),
        required,
        notes.stream().distinct().toList());
  }
}
