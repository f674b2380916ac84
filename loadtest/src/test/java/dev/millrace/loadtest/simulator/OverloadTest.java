// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** More is asked for than can be done. Loads are multiples of the saturated rate. */
class OverloadTest {
  private static final long SLO_NANOS = 25_000_000;
  private static final int MAX_BATCH = 64;
  private static final ServiceModel MODEL = ServiceModel.linear(5_070_000, 1_050_000);
  private static final ServiceModel LARGE_BATCHES = ServiceModel.linear(5_000_000, 500_000);

  private static double saturatedRate(int replicas) {
    return Capacity.saturatedRate(MODEL, replicas, MAX_BATCH, SLO_NANOS);
  }

  private static SimResult run(ServiceModel model, int replicas, double load) {
    Workload workload =
        Workload.of(
            RandomArrivals.poisson(load * saturatedRate(replicas)), RequestKind.within(SLO_NANOS));
    return Simulation.run(
        new Plan(workload, model, replicas, MAX_BATCH, 1, 4, 1), MillraceScheduler::auto);
  }

  private static SimResult run(
      List<RequestKind> kinds, int replicas, double load, Clients clients) {
    Workload workload =
        new Workload(RandomArrivals.poisson(load * saturatedRate(replicas)), kinds, clients);
    return Simulation.run(
        new Plan(workload, MODEL, replicas, MAX_BATCH, 1, 8, 1), MillraceScheduler::auto);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1.5", "1, 2", "1, 4", "2, 1.5", "2, 2", "2, 4", "4, 1.5", "4, 2", "4, 4", "8, 1.5", "8, 2",
    "8, 4"
  })
  void goesOnAnsweringAndSaysNoAtOnce(int replicas, double load) {
    SimResult result = run(MODEL, replicas, load);

    assertThat(result.goodput() / saturatedRate(replicas)).isGreaterThanOrEqualTo(0.95);
    assertThat(result.timeToNegative().percentileNanos(99)).isLessThanOrEqualTo(2e6);
  }

  /** With a deadline of twenty batches nobody waits for more than three: replicas are as busy. */
  @ParameterizedTest
  @CsvSource({"1, 1.5", "1, 2", "1, 4", "4, 1.5", "4, 2", "4, 4"})
  void keepsTheQueueShortWhereDeadlinesAreLong(int replicas, double load) {
    ServiceModel model = Disturbances.pauses(LARGE_BATCHES, 1_000_000_000, 20_000_000);
    SimResult result = run(model, replicas, load, 20 * LARGE_BATCHES.nanos(0, 32));

    double rate = 32e9 * replicas / LARGE_BATCHES.nanos(0, 32);
    assertThat(result.goodput() / rate).isGreaterThanOrEqualTo(0.97);
    assertThat(result.latency().meanNanos()).isLessThan(3.0 * LARGE_BATCHES.nanos(0, 32));
    assertThat(result.timeToNegative().percentileNanos(99)).isLessThanOrEqualTo(2e6);
  }

  @ParameterizedTest
  @CsvSource({"1, 1.5", "1, 2", "4, 1.5", "4, 4"})
  void saysNoAtOnceForAModelThatGainsNothingToo(int replicas, double load) {
    ServiceModel model = ServiceModel.linear(0, 1_000_000);
    SimResult result = run(model, replicas, load, 20_000_000);

    assertThat(result.goodput() / (replicas * 1000)).isGreaterThanOrEqualTo(0.98);
    assertThat(result.timeToNegative().percentileNanos(99)).isLessThanOrEqualTo(2e6);
  }

  private static SimResult run(ServiceModel model, int replicas, double load, long sloNanos) {
    double rate = 32e9 * replicas / model.nanos(0, 32);
    Workload workload =
        Workload.of(RandomArrivals.poisson(load * rate), RequestKind.within(sloNanos));
    return Simulation.run(
        new Plan(workload, model, replicas, 32, 1, 4, 1), MillraceScheduler::auto);
  }

  /** A fifth of a run's time, or twice as much, by its input. */
  private static final class Tenfold implements ServiceModel {
    @Override
    public long nanos(int shape, int rows) {
      return MODEL.nanos(shape, rows) * 11 / 10;
    }

    @Override
    public double runNanos(long now, int shape, int rows, SplittableRandom random) {
      return MODEL.nanos(shape, rows) * (random.nextBoolean() ? 0.2 : 2);
    }
  }

  /** What a model costs that depends on its input: nobody can be promised much, most get it. */
  @ParameterizedTest
  @CsvSource({"1, 0.5, 0.9", "4, 0.5, 0.95", "1, 2, 0.4", "4, 2, 0.4"})
  void goesOnAnsweringWhereRunTimesVaryTenfold(int replicas, double load, double least) {
    ServiceModel model = new Tenfold();
    double rate = 32e9 * replicas / (MODEL.nanos(0, 32) * 1.1);
    Workload workload =
        Workload.of(RandomArrivals.poisson(load * rate), RequestKind.within(40 * SLO_NANOS));
    SimResult result =
        Simulation.run(
            new Plan(workload, model, replicas, MAX_BATCH, 2, 8, 1), MillraceScheduler::auto);

    assertThat(result.goodput() / Math.min(load * rate, rate)).isGreaterThanOrEqualTo(least);
    assertThat(result.isComplete()).isTrue();
  }

  /**
   * Predictions with a margin for variation must leave the door open wherever replicas are free:
   * once shut, nothing would be left to open it.
   */
  @ParameterizedTest
  @CsvSource({
    "0.05, 4, 4, 0.85",
    "0.1, 4, 1.5, 0.75",
    "0.1, 8, 2, 0.8",
    "0.2, 2, 2, 0.65",
    "0.2, 8, 4, 0.75",
    "0.4, 4, 2, 0.65",
    "0.4, 8, 1.5, 0.65"
  })
  void neverShutsTheDoorForGoodWhereRunTimesVary(
      double variation, int replicas, double load, double least) {
    SimResult result = run(Disturbances.noise(MODEL, variation), replicas, load);

    assertThat(result.goodput() / saturatedRate(replicas)).isGreaterThanOrEqualTo(least);
  }

  /** The small ones come when the door is shut as often as the large one does. */
  @ParameterizedTest
  @CsvSource({"2, 2, 0.88, 0.97", "2, 4, 0.75, 0.95", "4, 2, 0.86, 0.96", "4, 4, 0.78, 0.96"})
  void sharesAmongTenantsOfWhomOneAsksForEightTimesAsMuch(
      int replicas, double load, double leastGoodput, double leastFairness) {
    RequestKind kind = RequestKind.within(SLO_NANOS);
    List<RequestKind> tenants =
        List.of(kind.ofTenant(0), kind.ofTenant(1), kind.ofTenant(2).weighing(8));
    double rate = saturatedRate(replicas);
    SimResult result = run(tenants, replicas, load, Clients.ONCE);

    double ofSmall = Math.min(load * rate / 10, rate / 3);
    double[] fair = {ofSmall, ofSmall, rate - 2 * ofSmall};
    double[] relative =
        IntStream.range(0, 3).mapToDouble(i -> result.goodput(i) / fair[i]).toArray();
    assertThat(result.goodput() / rate).isGreaterThanOrEqualTo(leastGoodput);
    assertThat(jain(relative)).isGreaterThanOrEqualTo(leastFairness);
  }

  private static double jain(double[] values) {
    double sum = Arrays.stream(values).sum();
    return sum * sum / (values.length * Arrays.stream(values).map(x -> x * x).sum());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void servesThoseInNoHurryTheirHalf(int replicas) {
    List<RequestKind> kinds =
        List.of(RequestKind.within(SLO_NANOS), RequestKind.within(4 * SLO_NANOS));
    SimResult result = run(kinds, replicas, 2, Clients.ONCE);

    double half = saturatedRate(replicas) / 2;
    assertThat(result.goodput(0) / half).isGreaterThanOrEqualTo(0.95);
    assertThat(result.goodput(1) / half).isGreaterThanOrEqualTo(0.95);
  }

  @ParameterizedTest
  @CsvSource({"1, 1.2, 1", "1, 2, 1", "4, 1.2, 1", "4, 2, 1", "4, 1.2, 50", "4, 2, 50"})
  void goesOnAnsweringWhenTheRefusedComeAgain(int replicas, double load, long backoffMillis) {
    SimResult result =
        run(
            List.of(RequestKind.within(SLO_NANOS)),
            replicas,
            load,
            new Clients.Retry(4, backoffMillis * 1_000_000, true));

    assertThat(result.offered()).isGreaterThan((long) (1.5 * load * 8 * saturatedRate(replicas)));
    assertThat(result.goodput() / saturatedRate(replicas)).isGreaterThanOrEqualTo(0.9);
  }

  /**
   * Attempts grow fewer by and by, all within 3 deadlines. From the eighth on requests are as many
   * as before the overload, and who is still refused then makes them more.
   */
  @ParameterizedTest
  @CsvSource({"1, true", "1, false", "2, true", "2, false", "4, true", "4, false"})
  void opensTheDoorWhenTheLastHaveComeAgain(int replicas, boolean obedient) {
    double rate = saturatedRate(replicas);
    double endSeconds = 4;
    double slo = SLO_NANOS / 1e9;
    Workload workload =
        Workload.of(
                RandomArrivals.overload(0.7 * rate, 2, 2 * rate, 2), RequestKind.within(SLO_NANOS))
            .with(new Clients.Retry(4, SLO_NANOS / 4, obedient));
    Latencies after =
        Latencies.together(
            IntStream.range(0, 5)
                .mapToObj(
                    seed ->
                        Simulation.run(
                            new Plan(workload, MODEL, replicas, MAX_BATCH, 0, endSeconds + 1, seed),
                            MillraceScheduler::auto))
                .map(run -> run.latencyBetween(endSeconds + 8 * slo, endSeconds + 20 * slo))
                .toList());

    assertThat(after.percentileNanos(98)).isLessThanOrEqualTo(SLO_NANOS);
  }

  /** Nothing runs for an answer that is late when it comes. */
  @ParameterizedTest
  @CsvSource({"1, 1.2, 0.59, 0.36", "1, 2, 0.95, 0.01", "4, 1.2, 0.59, 0.36", "4, 2, 0.95, 0.005"})
  void servesWhatMattersLessLaterAndStarvesNobody(
      int replicas, double load, double leastOfHigh, double leastOfLow) {
    long deadline = 10 * SLO_NANOS;
    RequestKind kind = RequestKind.within(deadline);
    double rate = Capacity.saturatedRate(MODEL, replicas, MAX_BATCH, deadline);
    SimResult result = runPriorities(kind, replicas, load * rate);

    assertThat(result.goodput(0) / rate).isGreaterThanOrEqualTo(leastOfHigh);
    assertThat(result.goodput(1) / rate).isGreaterThanOrEqualTo(leastOfLow);
    assertThat(result.goodput() / rate).isGreaterThanOrEqualTo(0.98);
    assertThat(result.wasted()).isLessThanOrEqualTo(0.001);
    assertThat(result.latency(0).meanNanos()).isLessThan(0.75 * result.latency(1).meanNanos());
  }

  /** Hardly longer than the best batch: there is little to order by, and nothing to lose. */
  @ParameterizedTest
  @CsvSource({"1, 1.2", "1, 2", "2, 1.2", "2, 2", "4, 1.2", "4, 2", "8, 1.2", "8, 4"})
  void losesNothingByPrioritiesWhereDeadlinesAreShort(int replicas, double load) {
    long deadline = 4 * SLO_NANOS;
    double rate = Capacity.saturatedRate(MODEL, replicas, MAX_BATCH, deadline);
    SimResult result = runPriorities(RequestKind.within(deadline), replicas, load * rate);

    assertThat(result.goodput() / rate).isGreaterThanOrEqualTo(0.95);
    assertThat(result.goodput(0)).isGreaterThan(result.goodput(1));
    assertThat(result.wasted()).isLessThanOrEqualTo(0.001);
  }

  private static SimResult runPriorities(RequestKind kind, int replicas, double rate) {
    Workload workload =
        new Workload(RandomArrivals.poisson(rate), List.of(kind, kind.ofPriority(1)), Clients.ONCE);
    return Simulation.run(
        new Plan(workload, MODEL, replicas, MAX_BATCH, 1, 8, 1), MillraceScheduler::auto);
  }
}
