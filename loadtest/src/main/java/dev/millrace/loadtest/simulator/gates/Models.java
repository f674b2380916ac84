// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.MeasuredCurves;
import dev.millrace.loadtest.simulator.ServiceModel;
import java.util.List;

/**
 * The models that gates are about: from those that batching is everything for to those it is
 * nothing for.
 */
final class Models {
  /** A model and what is asked of it. */
  record Model(String name, ServiceModel service, long sloNanos) {}

  static final int MAX_BATCH = 64;

  private static final long MS = 1_000_000;

  /** As measured for ResNet-50 on a data-centre GPU by several papers. */
  static final Model RESNET = line("resnet", 5.07, 1.05, 25);

  static final Model BERT = line("bert", 4, 0.4, 18);

  static final Model SMALL_GPU = line("small-gpu", 1, 0.05, 4);

  /** 64-128-64-8 on a CPU core: overhead. */
  static final Model TABULAR = line("tabular", 0.005, 0.0003, 1);

  /** Weak batching gain. */
  static final Model WEAK = line("weak", 0.5, 1, 25);

  /** Six convolutions on a CPU core: nothing gained. */
  static final Model CNN = line("cnn", 0.01, 0.99, 25);

  /** 512-2048-2048-1000 on a CPU core, bandwidth-bound: larger batches are not always better. */
  static final Model WIDE =
      new Model(
          "wide",
          new MeasuredCurves(
              List.of(
                  new MeasuredCurves.Curve(
                      "512",
                      List.of(1, 8, 16, 32, 64),
                      List.of(890.0, 1400.0, 1890.0, 4350.0, 7400.0)))),
          15 * MS);

  private Models() {}

  private static Model line(String name, double alphaMillis, double betaMillis, long sloMillis) {
    return new Model(name, ServiceModel.linear(alphaMillis * MS, betaMillis * MS), sloMillis * MS);
  }

  static List<Model> all() {
    return List.of(RESNET, BERT, SMALL_GPU, TABULAR, WIDE, WEAK, CNN);
  }

  /**
   * A run costs as much by itself as four rows or more, and milliseconds; deadlines are about four
   * single runs, which is what makes the size of batches matter.
   */
  static List<Model> gpuLike() {
    return List.of(RESNET, BERT, SMALL_GPU);
  }
}
