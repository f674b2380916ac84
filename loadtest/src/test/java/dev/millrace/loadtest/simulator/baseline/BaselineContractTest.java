// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every baseline owes the simulation. */
class BaselineContractTest {
  private static final int REPLICAS = 3;
  private static final int MAX_BATCH = 16;
  private static final long SLO = nanos(25);
  private static final ServiceCurve CURVE = linear(5.07, 1.05);

  private static Map<String, Supplier<Scheduler>> baselines() {
    Map<String, Supplier<Scheduler>> all = new LinkedHashMap<>();
    TritonDynamic.Options triton = TritonDynamic.Options.byDefault(MAX_BATCH);
    all.put("none", NoBatching::new);
    all.put("triton", () -> new TritonDynamic(triton));
    all.put(
        "tuned triton",
        () ->
            new TritonDynamic(
                triton
                    .withPreferredSizes(4, 8)
                    .withMaxQueueDelayNanos(nanos(3))
                    .withMaxQueueSize(50)
                    .withQueueTimeoutNanos(nanos(9))));
    all.put("tf", () -> new TensorFlowBasic(TensorFlowBasic.Options.byDefault(MAX_BATCH)));
    all.put(
        "tf delay", () -> new TensorFlowBasic(new TensorFlowBasic.Options(MAX_BATCH, nanos(3), 4)));
    all.put("tf just in time", () -> new TensorFlowJustInTime(MAX_BATCH, 1000));
    all.put("djl", () -> new SizePlusDelayPull(REPLICAS, MAX_BATCH, nanos(3), 1000));
    all.put("djl eager", () -> new SizePlusDelayPull(REPLICAS, MAX_BATCH, 0, 1000));
    all.put("clipper", () -> new ClipperAimd(REPLICAS, SLO, MAX_BATCH, 1));
    all.put("nexus", () -> NexusWindow.early(CURVE, SLO, MAX_BATCH));
    all.put("nexus lazy", () -> NexusWindow.lazy(CURVE, SLO, MAX_BATCH));
    all.put("symphony", () -> new SymphonyDeferred(CURVE, REPLICAS, SLO, MAX_BATCH, .1));
    return all;
  }

  static Stream<String> names() {
    return baselines().keySet().stream();
  }

  private static Scheduler baseline(String name) {
    return baselines().getOrDefault(name, NoBatching::new).get();
  }

  @ParameterizedTest
  @MethodSource("names")
  void endsEveryRequestOnceInBatchesOfOneShapeThatFit(String name) {
    for (int seed = 0; seed < 4; seed++) {
      Random random = new Random(seed);
      double perSecond = 300 << seed;
      Timeline timeline = new Timeline(baseline(name), CURVE, REPLICAS);
      double millis = 0;
      for (int i = 0; i < 3000; i++) {
        millis += -1000 * Math.log(1 - random.nextDouble()) / perSecond;
        int rows = random.nextInt(4) > 0 ? 1 : 1 + random.nextInt(MAX_BATCH);
        double deadline = random.nextBoolean() ? 15 : random.nextInt(8) == 0 ? -1 : 75;
        timeline.arrives(request(millis, deadline, rows, random.nextInt(3)));
      }

      timeline.run();

      assertThat(timeline.requests()).allMatch(SimRequest::hasEnded);
      assertThat(timeline.batches())
          .allMatch(
              batch ->
                  batch.size() == 1
                      || batch.requests().stream().mapToInt(SimRequest::rows).sum() <= MAX_BATCH);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  @Timeout(value = 20, unit = TimeUnit.SECONDS) // a tenth of a second where nobody else computes
  void isQuickForHundredsOfThousands(String name) {
    Random random = new Random(1);
    Timeline timeline = new Timeline(baseline(name), CURVE, REPLICAS);
    double millis = 0;
    for (int i = 0; i < 200_000; i++) {
      millis += -1000 * Math.log(1 - random.nextDouble()) / 1500;
      timeline.arrives(request(millis, 25, 1, 0));
    }

    timeline.run();

    assertThat(timeline.requests()).allMatch(SimRequest::hasEnded);
  }
}
