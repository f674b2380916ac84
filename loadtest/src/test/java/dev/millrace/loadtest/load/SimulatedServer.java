// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A server whose latency follows from the rate: short up to its capacity, endless above. */
public final class SimulatedServer implements LoadedServer {
  private static final long BASE_NANOS = 1_000_000;

  private final double capacity;
  private final List<String> calls = new ArrayList<>();

  /**
   * @param capacity in requests per second
   */
  public SimulatedServer(double capacity) {
    this.capacity = capacity;
  }

  /** What was asked of it. */
  public List<String> calls() {
    return calls;
  }

  @Override
  public void warmUp(LoadShape shape, WarmUp warmUp) {
    calls.add("warm-up");
  }

  @Override
  public Observation measure(LoadShape shape, long nanos) {
    double seconds = nanos / 1e9;
    double rate =
        switch (shape) {
          case LoadShape.ClosedLoop closed -> capacity;
          case LoadShape.OpenLoop open -> rate(open.schedule().apply(1));
        };
    calls.add("%.0f".formatted(rate));
    double answered = Math.min(rate, capacity);
    long refused = Math.round((rate - answered) * seconds);
    double busy = Math.min(answered / capacity, 0.999_9);
    Measurement total =
        Samples.of(
            seconds,
            Math.round(answered * seconds),
            (long) (BASE_NANOS / (1 - busy)),
            refused > 0 ? Map.of(Status.Code.RESOURCE_EXHAUSTED, refused) : Map.of(),
            0);
    return new Observation(total, List.of(Window.of(seconds, total)));
  }

  private static double rate(ArrivalSchedule schedule) {
    long count = 0;
    while (schedule.nextNanos() < 1_000_000_000L) {
      count++;
    }
    return count;
  }

  @Override
  public void close() {
    calls.add("close");
  }
}
