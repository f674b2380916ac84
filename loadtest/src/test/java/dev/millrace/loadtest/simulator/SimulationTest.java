// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.load.ArrivalSpec;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SimulationTest {
  private static final long MS = 1_000_000;
  private static final ServiceModel TEN_AND_ONE = ServiceModel.linear(10 * MS, MS);

  static Workload.Arrivals at(long... millis) {
    return seed ->
        new ArrivalSchedule() {
          private int next;

          @Override
          public long nextNanos() {
            return next < millis.length ? millis[next++] * MS : END;
          }
        };
  }

  private static Workload.Arrivals poisson(double rate) {
    return seed -> ArrivalSpec.fixed(rate, new ArrivalPattern.Poisson(), 1e6).schedule(seed);
  }

  private static Plan plan(Workload.Arrivals arrivals, ServiceModel service, int replicas) {
    return new Plan(
        Workload.of(arrivals, RequestKind.within(25 * MS)), service, replicas, 64, 0, 10, 1);
  }

  @Test
  void aBatchGrowsWhileTheReplicaRuns() {
    // 0..11 the first alone; 11..23 the two that came meanwhile
    SimResult result = Simulation.run(plan(at(0, 3, 8), TEN_AND_ONE, 1), MillraceScheduler::greedy);

    assertThat(result.offered()).isEqualTo(3);
    assertThat(result.batches()).isEqualTo(2);
    assertThat(result.rowsPerBatch()).isEqualTo(1.5);
    assertThat(result.latency().meanNanos()).isEqualTo((11 + 20 + 15) * MS / 3.0);
    assertThat(result.latency().percentileNanos(99)).isEqualTo(20 * MS);
    assertThat(result.utilisation()).isEqualTo(0.0023);
    assertThat(result.shareOnTime()).isEqualTo(1);
  }

  @Test
  void anAnswerAfterItsDeadlineIsLateAndItsDeviceTimeWasted() {
    // 0..20; the second waits until then, and its own run ends at 40, 39 after it came
    SimResult result =
        Simulation.run(
            plan(at(0, 1), ServiceModel.linear(20 * MS, 0), 1), MillraceScheduler::greedy);

    assertThat(result.onTime()).isEqualTo(1);
    assertThat(result.answered()).isEqualTo(2);
    assertThat(result.wasted()).isEqualTo(0.5);
    assertThat(result.timeToNegative().percentileNanos(50)).isEqualTo(39 * MS);
  }

  @Test
  void whatExpiresWhileAllReplicasRunIsRefusedByTheNextSweep() {
    // due at 26; swept at 1, then every 5 ms
    SimResult result =
        Simulation.run(
            plan(at(0, 1), ServiceModel.linear(100 * MS, 0), 1), MillraceScheduler::greedy);

    assertThat(result.answered()).isEqualTo(1);
    assertThat(result.timeToNegative().percentileNanos(1)).isBetween(25.0 * MS, 30.0 * MS);
  }

  @Test
  void replicasRunAtTheSameTime() {
    SimResult result = Simulation.run(plan(at(0, 1), TEN_AND_ONE, 2), MillraceScheduler::greedy);

    assertThat(result.latency().meanNanos()).isEqualTo(11 * MS);
  }

  @Test
  void theSameSeedGivesTheSameResultAndAnotherOneAnother() {
    Plan plan = plan(poisson(300), TEN_AND_ONE, 2);
    SimResult first = Simulation.run(plan, MillraceScheduler::greedy);
    SimResult second = Simulation.run(plan, MillraceScheduler::greedy);
    SimResult other =
        Simulation.run(
            new Plan(plan.workload(), TEN_AND_ONE, 2, 64, 0, 10, 2), MillraceScheduler::greedy);

    assertThat(second.latency().meanNanos()).isEqualTo(first.latency().meanNanos());
    assertThat(second.onTime()).isEqualTo(first.onTime());
    assertThat(other.latency().meanNanos()).isNotEqualTo(first.latency().meanNanos());
  }

  @Test
  void aQueueWithoutBatchingWaitsAsLongAsTheFormulaSays() {
    // M/D/1: rho s / (2 (1 - rho)), here with rho = 0.7 and s = 1 ms
    Workload workload = Workload.of(poisson(700), RequestKind.within(Long.MAX_VALUE));
    Plan plan = new Plan(workload, ServiceModel.linear(0, MS), 1, 1, 10, 1000, 7);

    SimResult result = Simulation.run(plan, MillraceScheduler::greedy);

    double waiting = result.latency().meanNanos() - MS;
    assertThat(waiting / MS).isCloseTo(0.7 / 0.6, within(0.02));
    assertThat(result.utilisation()).isCloseTo(0.7, within(0.005));
  }

  @Test
  void aRequestThatIsRunTwiceIsADefectOfTheScheduler() {
    assertThatIllegalStateException()
        .isThrownBy(
            () -> Simulation.run(plan(at(0, 1), TEN_AND_ONE, 2), setting -> new Repeating()))
        .withMessageContaining("was run again");
  }

  @Test
  void aRequestThatNeverEndsIsADefectOfTheScheduler() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Simulation.run(plan(at(0, 1), TEN_AND_ONE, 2), setting -> new Idle()))
        .withMessage(
            "2 requests wait, replicas are idle, and the scheduler Idle waits for nothing");
  }

  /** Takes requests in and does nothing. */
  private static class Idle implements Scheduler {
    final ArrayDeque<SimRequest> queue = new ArrayDeque<>();

    @Override
    public void offer(long nowNanos, SimRequest request) {
      queue.add(request);
    }

    @Override
    public Move next(long nowNanos, int replica) {
      return Move.IDLE;
    }

    @Override
    public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {}
  }

  /** Runs its first request for ever. */
  private static final class Repeating extends Idle {
    @Override
    public Move next(long nowNanos, int replica) {
      return new Move.Run(List.of(queue.getFirst()));
    }
  }
}
