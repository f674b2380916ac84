// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Simulation;
import dev.millrace.loadtest.simulator.Workload;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Baselines in the simulation against the figures of an earlier, independent simulation: Poisson,
 * l(b) = 5.07 + 1.05 b ms, SLO 25 ms; rates as a fraction of the saturated one.
 */
class ReferenceFiguresTest {
  private static final long SLO = 25_000_000;
  private static final int MAX_BATCH = 64;
  private static final ServiceModel RESNET = ServiceModel.linear(5_070_000, 1_050_000);

  private static final Scheduler.Factory TRITON =
      setting -> new TritonDynamic(TritonDynamic.Options.byDefault(setting.maxBatchRows()));
  private static final Scheduler.Factory SYMPHONY =
      setting ->
          new SymphonyDeferred(
              setting.service(), setting.replicas(), setting.sloNanos(), setting.maxBatchRows(), 0);
  private static final Scheduler.Factory LAZY =
      setting -> NexusWindow.lazy(setting.service(), setting.sloNanos(), setting.maxBatchRows());

  private static double saturated(int replicas) {
    return Capacity.saturatedRate(RESNET, replicas, MAX_BATCH, SLO);
  }

  private static Plan plan(double rate, int replicas, double seconds) {
    Workload workload = Workload.of(RandomArrivals.poisson(rate), RequestKind.within(SLO));
    return new Plan(workload, RESNET, replicas, MAX_BATCH, 1, seconds, 1);
  }

  private static double capacity(Scheduler.Factory factory, int replicas) {
    Capacity capacity = new Capacity(rate -> List.of(plan(rate, replicas, 60)), .99);
    return capacity.find(.7 * saturated(replicas), .01, factory) / saturated(replicas);
  }

  private static SimResult at(double load, Scheduler.Factory factory, int replicas) {
    return Simulation.run(plan(load * saturated(replicas), replicas, 10), factory);
  }

  private static double medianMillis(SimResult result) {
    return result.latency().percentileNanos(50) / 1e6;
  }

  @Test
  void tritonsDefaultCarriesLessThanHalfOnEightReplicas() {
    assertThat(capacity(TRITON, 1)).isCloseTo(.69, within(.03));
    assertThat(capacity(TRITON, 8)).isCloseTo(.43, within(.03));
  }

  @Test
  void symphonyCarriesNineTenthsThereAndTakesAllTheTimeThereIs() {
    assertThat(capacity(SYMPHONY, 8)).isCloseTo(.90, within(.03));
    assertThat(medianMillis(at(.3, SYMPHONY, 8))).isCloseTo(21.4, within(.5));
    assertThat(medianMillis(at(.3, TRITON, 8))).isCloseTo(7.4, within(.2));
  }

  @Test
  void tritonsDefaultAnswersNothingInTimeAtTwiceTheRate() {
    assertThat(at(2, TRITON, 4).shareOnTime()).isLessThan(.01);
  }

  @Test
  void lazyDropSpiralsAtTwiceTheRate() {
    assertThat(at(2, LAZY, 1).goodput() / saturated(1)).isCloseTo(.39, within(.03));
    assertThat(at(2, LAZY, 8).goodput() / saturated(8)).isCloseTo(.23, within(.03));
  }

  @Test
  void tritonTunedByWhoHasMeasuredIsAsGoodAsSymphony() {
    List<Scheduler.Factory> measured =
        TritonGrid.measured(RESNET, 0, MAX_BATCH, SLO).stream()
            .<Scheduler.Factory>map(options -> setting -> new TritonDynamic(options))
            .toList();
    Capacity capacity = new Capacity(rate -> List.of(plan(rate, 8, 20)), .99);

    assertThat(capacity.best(.7 * saturated(8), .01, measured) / saturated(8)).isBetween(.88, .97);
  }
}
