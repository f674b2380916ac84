// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.baseline.TensorFlowBasic;
import dev.millrace.loadtest.simulator.baseline.TritonDynamic;
import dev.millrace.loadtest.simulator.baseline.TritonGrid;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Schedulers that have to be set up, in 30 settings each for a deadline. In each cell the best of a
 * grid counts: found in hindsight, which is more than an operator has.
 *
 * @param round Triton in round numbers, as somebody sets it up who has not measured
 * @param measured Triton as somebody does who knows the model's true curve; that comes near the
 *     saturated rate where there are many replicas
 * @param tensorFlow TensorFlow Serving's basic scheduler, as that somebody does
 */
record Grids(
    List<Scheduler.Factory> round,
    List<Scheduler.Factory> measured,
    List<Scheduler.Factory> tensorFlow) {

  /**
   * Of a model on some replicas.
   *
   * @param slosNanos the deadlines that settings are made for
   */
  static Grids of(ServiceCurve curve, int replicas, int maxBatchRows, Long... slosNanos) {
    List<Scheduler.Factory> round = new ArrayList<>();
    List<Scheduler.Factory> measured = new ArrayList<>();
    List<Scheduler.Factory> tensorFlow = new ArrayList<>();
    for (long slo : slosNanos) {
      triton(TritonGrid.round(maxBatchRows, slo)).forEach(round::add);
      triton(TritonGrid.measured(curve, 0, maxBatchRows, slo)).forEach(measured::add);
      for (TensorFlowBasic.Options options :
          TensorFlowBasic.grid(curve, 0, maxBatchRows, slo, replicas)) {
        tensorFlow.add(setting -> new TensorFlowBasic(options));
      }
    }
    return new Grids(round, measured, tensorFlow);
  }

  private static Stream<Scheduler.Factory> triton(List<TritonDynamic.Options> grid) {
    return grid.stream().map(options -> setting -> new TritonDynamic(options));
  }

  /** What {@link #ratios} are held to. */
  static List<Claim> claims(double round, double measured, double tensorFlow) {
    return List.of(
        Claim.atLeast(round, "round settings"),
        Claim.atLeast(measured, "settings from the true curve"),
        Claim.atLeast(tensorFlow, "TensorFlow Serving, from the true curve"));
  }

  /** Ours over the best of each grid. */
  double[] ratios(double ours, ToDoubleFunction<List<Scheduler.Factory>> best) {
    return Stream.of(round, measured, tensorFlow)
        .mapToDouble(grid -> Trials.ratio(ours, best.applyAsDouble(grid)))
        .toArray();
  }
}
