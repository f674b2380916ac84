// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ClientsTest {
  private static final long MS = 1_000_000;

  private static SimResult run(Clients clients, Workload.Arrivals arrivals, Scheduler.Factory s) {
    Workload workload = Workload.of(arrivals, RequestKind.within(25 * MS)).with(clients);
    return Simulation.run(new Plan(workload, ServiceModel.linear(10 * MS, 0), 1, 64, 0, 10, 1), s);
  }

  @Test
  void aClosedLoopKeepsItsRequestsInFlight() {
    SimResult result =
        run(new Clients.ClosedLoop(3), SimulationTest.at(), MillraceScheduler::greedy);

    // the first alone, then two and one by turns
    assertThat(result.rowsPerBatch()).isBetween(1.45, 1.55);
    assertThat(result.offeredRate()).isBetween(145.0, 155.0);
  }

  @Test
  void aRefusedClientComesAgainAsOftenAsItMay() {
    SimResult result =
        run(new Clients.Retry(3, 10 * MS, false), SimulationTest.at(0), setting -> new Refusing());

    assertThat(result.offered()).isEqualTo(3);
    assertThat(result.answered()).isZero();
  }

  @Test
  void anObedientClientWaitsAsLongAsItIsAsked() {
    Refusing scheduler = new Refusing();
    run(new Clients.Retry(3, 10 * MS, true), SimulationTest.at(0), setting -> scheduler);

    assertThat(scheduler.arrivals)
        .containsExactly(
            Simulation.START_NANOS,
            Simulation.START_NANOS + 100 * MS,
            Simulation.START_NANOS + 200 * MS);
  }

  @Test
  void oursTellsTheRefusedWhenToComeAgain() {
    // twice what can be done; of their own accord they would come after an hour
    Workload.Arrivals flood = RandomArrivals.poisson(12_800);
    long hour = 3_600_000 * MS;
    SimResult told = run(new Clients.Retry(2, hour, true), flood, MillraceScheduler::auto);
    SimResult deaf = run(new Clients.Retry(2, hour, false), flood, MillraceScheduler::auto);

    assertThat(deaf.offeredRate()).isBetween(12_600.0, 13_000.0);
    assertThat(told.offeredRate()).isGreaterThan(1.4 * 12_800);
  }

  @Test
  void aClientThatHearsNothingComesAgainAfterItsDeadline() {
    // 0..100 the first; it gives up at 25, comes again by 40 and is told at 65 that it is too late
    Workload workload =
        Workload.of(SimulationTest.at(0), RequestKind.within(25 * MS))
            .with(new Clients.Retry(2, 10 * MS, false));
    SimResult result =
        Simulation.run(
            new Plan(workload, ServiceModel.linear(100 * MS, 0), 1, 64, 0, 10, 1),
            MillraceScheduler::greedy);

    assertThat(result.offered()).isEqualTo(2);
    assertThat(result.answered()).isEqualTo(1);
    assertThat(result.onTime()).isZero();
  }

  /** Asks everybody to come again in 100 ms. */
  private static final class Refusing implements Scheduler {
    final List<Long> arrivals = new ArrayList<>();

    @Override
    public void offer(long nowNanos, SimRequest request) {
      arrivals.add(nowNanos);
      request.refused(nowNanos, Refusal.QUEUE_FULL, 100 * MS);
    }

    @Override
    public Move next(long nowNanos, int replica) {
      return Move.IDLE;
    }

    @Override
    public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {}
  }
}
