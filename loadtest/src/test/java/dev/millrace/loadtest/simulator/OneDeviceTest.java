// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Replicas that share a device. Loads are multiples of what the device does at best. */
class OneDeviceTest {
  private static final long MS = 1_000_000;
  private static final long SLO_NANOS = 25 * MS;
  private static final ServiceModel MODEL = ServiceModel.linear(5.07 * MS, 1.05 * MS);

  private static SimResult run(
      ServiceModel device, int replicas, double load, Scheduler.Factory factory) {
    double rate = load * device.together(2) * Capacity.saturatedRate(MODEL, 1, 64, SLO_NANOS);
    Workload workload = Workload.of(RandomArrivals.poisson(rate), RequestKind.within(SLO_NANOS));
    return Simulation.run(new Plan(workload, device, replicas, 64, 5, 20, 1), factory);
  }

  /** Of one to four replicas, each number fixed, which are taken for independent. */
  private static double bestFixed(ServiceModel device, double load) {
    return IntStream.rangeClosed(1, 4)
        .mapToDouble(n -> run(device, n, load, MillraceScheduler::independent).goodput())
        .max()
        .orElseThrow();
  }

  private static ServiceModel device(double gain, double variation) {
    return OneDevice.overlappingTwo(Disturbances.noise(MODEL, variation), gain);
  }

  @ParameterizedTest
  @CsvSource({"1, 0.3", "1, 0.8", "1, 2", "1.5, 0.3", "1.5, 0.8", "1.5, 2", "1.2, 0.8", "1.2, 2"})
  void asManyRunAtATimeAsDoMostHoweverManyReplicasThereAre(double gain, double load) {
    double best = bestFixed(device(gain, 0), load);

    for (int replicas : new int[] {2, 4, 8}) {
      assertThat(run(device(gain, 0), replicas, load, MillraceScheduler::auto).goodput() / best)
          .as("%d replicas", replicas)
          .isGreaterThan(0.97);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0.6", "1.5, 0.6", "1.2, 0.6"})
  void deadlinesAreKept(double gain, double load) {
    for (int replicas : new int[] {2, 4, 8}) {
      SimResult result = run(device(gain, 0), replicas, load, MillraceScheduler::auto);
      assertThat(result.shareOnTime()).as("%d replicas", replicas).isGreaterThan(0.99);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0.8", "1, 2", "1.5, 0.8", "1.5, 2"})
  void runsThatVaryCostLittle(double gain, double load) {
    double best = bestFixed(device(gain, 0.05), load);

    assertThat(run(device(gain, 0.05), 4, load, MillraceScheduler::auto).goodput() / best)
        .isGreaterThan(0.94);
  }

  /** What this is for: four replicas that know nothing of each other do half as much, or less. */
  @ParameterizedTest
  @CsvSource({"1, 0.6", "1, 2", "1.5, 0.8", "1.5, 2"})
  void replicasThatAreTakenForIndependentLoseMostOfIt(double gain, double load) {
    double shared = run(device(gain, 0), 4, load, MillraceScheduler::auto).goodput();
    double independent = run(device(gain, 0), 4, load, MillraceScheduler::independent).goodput();

    assertThat(independent).isLessThan(0.6 * shared);
  }

  @Test
  void twoRunsAtATimeShareTheDeviceFromMomentToMoment() {
    Devices devices = new Devices(2, OneDevice.withoutOverlap(MODEL), 0, Long.MAX_VALUE);
    devices.start(0, 0, List.of(), 100);
    assertThat(devices.endNanos(0)).isEqualTo(100);

    devices.start(50, 1, List.of(), 100);
    assertThat(devices.endNanos(0)).isEqualTo(150);
    assertThat(devices.endNanos(1)).isEqualTo(250);

    assertThat(devices.finish(0)).isEqualTo(150);
    assertThat(devices.endNanos(1)).isEqualTo(200);
    assertThat(devices.finish(1)).isEqualTo(150);
  }

  @Test
  void overlappingRunsDoMoreTogether() {
    Devices devices = new Devices(3, OneDevice.overlappingTwo(MODEL, 1.5), 0, Long.MAX_VALUE);
    devices.start(0, 0, List.of(), 90);
    devices.start(0, 1, List.of(), 90);
    assertThat(devices.endNanos(1)).isEqualTo(120);

    devices.start(60, 2, List.of(), 90);
    assertThat(devices.endNanos(0)).isEqualTo(150);
  }

  @Test
  void disturbancesLeaveADeviceShared() {
    ServiceModel noisy = Disturbances.noise(OneDevice.overlappingTwo(MODEL, 1.5), 0.1);

    assertThat(noisy.isShared()).isTrue();
    assertThat(noisy.together(3)).isCloseTo(1.5, within(1e-9));
    assertThat(Disturbances.noise(MODEL, 0.1).isShared()).isFalse();
  }

  @Test
  void oneRunIsTheUnit() {
    assertThatThrownBy(() -> new OneDevice(MODEL, List.of(1.5)))
        .hasMessageContaining("[1.5]")
        .hasMessageContaining("expected 1 for one run");
  }
}
