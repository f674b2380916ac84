// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelOptions;
import java.util.List;

/**
 * What a model's owner says about how it is to be served: from {@code model.yaml}, from a Triton
 * {@code config.pbtxt}, or nothing at all.
 *
 * @param backend the engine's name
 * @param fileName the model's file in a version folder; empty for the engine's default
 * @param versionPolicy which of the versions there are to be served
 * @param replicas replicas of each version, 1..64
 * @param limits bounds of each version's queue
 * @param scheduling how requests wait and run together
 * @param options what the engine is told
 * @param warmUp requests to run before it serves, beside those that lie in its folder
 * @param required whether the gateway is ready only while this model is
 * @param notes settings that were read and have no effect here, one sentence each, for the log
 */
public record ModelManifest(
    String backend,
    String fileName,
    VersionPolicy versionPolicy,
    int replicas,
    Limits limits,
    Scheduling scheduling,
    ModelOptions options,
    List<WarmUpRequest> warmUp,
    boolean required,
    List<String> notes) {

  /** The engine of a model that names none. */
  public static final String DEFAULT_BACKEND = "onnxruntime";

  public static final ModelManifest DEFAULT =
      new ModelManifest(
          DEFAULT_BACKEND,
          "",
          new VersionPolicy.Latest(1),
          1,
          Limits.DEFAULT,
          Scheduling.DEFAULT,
          ModelOptions.DEFAULT,
          List.of(),
          true,
          List.of());

  /** The same for other versions. */
  ModelManifest withVersionPolicy(VersionPolicy policy) {
    return new ModelManifest(
        backend, fileName, policy, replicas, limits, scheduling, options, warmUp, required, notes);
  }

  /** The same with so many replicas. */
  public ModelManifest withReplicas(int count) {
    return new ModelManifest(
        backend,
        fileName,
        versionPolicy,
        count,
        limits,
        scheduling,
        options,
        warmUp,
        required,
        notes);
  }

  /** The same with other notes. */
  ModelManifest withNotes(List<String> otherNotes) {
    return new ModelManifest(
        backend,
        fileName,
        versionPolicy,
        replicas,
        limits,
        scheduling,
        options,
        warmUp,
        required,
        List.copyOf(otherNotes));
  }

  /**
   * Bounds of what one model version may hold.
   *
   * @param maxQueuedRows rows waiting at most
   * @param maxQueuedBytes bytes waiting at most
   * @param maxRequestRows rows of one request at most
   * @param maxRunNanos what a run may last until it is terminated; 0 to judge by what it should
   *     take
   */
  public record Limits(
      int maxQueuedRows, long maxQueuedBytes, int maxRequestRows, long maxRunNanos) {
    public static final Limits DEFAULT = new Limits(65_536, 1L << 30, 65_536, 0);
  }
}
