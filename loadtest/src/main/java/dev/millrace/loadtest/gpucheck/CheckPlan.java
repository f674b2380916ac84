// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What is looked at, and how long.
 *
 * @param gpu its number; empty for the processor
 * @param natives libraries of another build of ONNX Runtime
 * @param demoModels a repository; only its answers are compared
 * @param millis of one measurement, a third of which is warm-up
 * @param warmUpMillis of a model under load, before it is measured: both programs compile meanwhile
 * @param sizes of batches, and numbers of callers
 */
record CheckPlan(
    Optional<Integer> gpu,
    Optional<Path> natives,
    Optional<Path> demoModels,
    long millis,
    long warmUpMillis,
    List<Integer> sizes) {
  private static final List<Integer> ALL =
      IntStream.iterate(1, size -> size <= 128, size -> size * 2).boxed().toList();

  /** Three models, eight sizes, bare and served: one and a half minutes of measurements. */
  static CheckPlan onGpu(int gpu, Optional<Path> natives, Optional<Path> demoModels) {
    return new CheckPlan(Optional.of(gpu), natives, demoModels, 1200, 6000, ALL);
  }

  /** Small models, in seconds: whether it works, and not how fast. */
  static CheckPlan onProcessor(Optional<Path> natives, Optional<Path> demoModels) {
    return new CheckPlan(Optional.empty(), natives, demoModels, 150, 150, List.of(1, 8, 32));
  }

  /** As {@code model.yaml} has it. */
  String device() {
    return gpu.map(number -> "require gpu:" + number).orElse("cpu");
  }

  List<String> gatewayFlags() {
    return natives.map(folder -> List.of("--ort-natives", folder.toString())).orElse(List.of());
  }
}
