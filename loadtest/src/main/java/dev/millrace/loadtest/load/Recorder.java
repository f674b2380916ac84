// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.Variant;
import io.grpc.Status;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What one event loop saw in one stretch of time. Owned by that loop, then by who collects it. */
final class Recorder {
  /** Longer waits are counted as this long. */
  private static final long MOST_NANOS = 600_000_000_000L;

  private static final int DIGITS = 3;

  /** There may be hundreds of variants. */
  private static final int VARIANT_DIGITS = 2;

  final Histogram latency = histogram(DIGITS);
  final Histogram negative = histogram(DIGITS);
  final Histogram lag = histogram(DIGITS);
  final Histogram[] variants;
  final long[] sentOf;
  final long[] goodOf;
  final long[] outcomes = new long[Status.Code.values().length];
  final Map<Status.Code, String> messages = new EnumMap<>(Status.Code.class);
  final long beginNanos;
  final long beginCpuNanos;
  long endNanos;
  long endCpuNanos;
  long sent;
  long good;
  long wrong;
  @Nullable String wrongExample;

  Recorder(int variantCount, long beginNanos, long beginCpuNanos) {
    this.beginNanos = beginNanos;
    this.beginCpuNanos = beginCpuNanos;
    sentOf = new long[variantCount];
    goodOf = new long[variantCount];
    // a single variant's histogram is that of all
    variants = new Histogram[variantCount == 1 ? 0 : variantCount];
    for (int i = 0; i < variants.length; i++) {
      variants[i] = histogram(VARIANT_DIGITS);
    }
  }

  private static Histogram histogram(int digits) {
    Histogram histogram = new Histogram(1, MOST_NANOS, digits);
    histogram.setAutoResize(false);
    return histogram;
  }

  void sent(int variant) {
    sent++;
    sentOf[variant]++;
  }

  void ok(int variant, long latencyNanos, boolean isGood) {
    long nanos = clamp(latencyNanos);
    outcomes[Status.Code.OK.value()]++;
    latency.recordValue(nanos);
    if (variants.length > 0) {
      variants[variant].recordValue(nanos);
    }
    if (isGood) {
      good++;
      goodOf[variant]++;
    }
  }

  void failed(Status.Code code, String message, long latencyNanos) {
    outcomes[code.value()]++;
    negative.recordValue(clamp(latencyNanos));
    messages.putIfAbsent(code, message);
  }

  void wrong(String problem) {
    wrong++;
    if (wrongExample == null) {
      wrongExample = problem;
    }
  }

  void late(long nanos) {
    lag.recordValue(clamp(nanos));
  }

  private static long clamp(long nanos) {
    return Math.clamp(nanos, 0, MOST_NANOS);
  }

  /** What several loops saw together. */
  static Measurement merge(List<Recorder> loops, List<Variant> variants) {
    Recorder all = new Recorder(variants.size(), 0, 0);
    double seconds = 0;
    double busiest = 0;
    for (Recorder loop : loops) {
      all.add(loop);
      double loopSeconds = (loop.endNanos - loop.beginNanos) / 1e9;
      seconds += loopSeconds / loops.size();
      busiest = Math.max(busiest, (loop.endCpuNanos - loop.beginCpuNanos) / 1e9 / loopSeconds);
    }
    Map<Status.Code, Long> outcomes = new EnumMap<>(Status.Code.class);
    for (Status.Code code : Status.Code.values()) {
      if (all.outcomes[code.value()] > 0) {
        outcomes.put(code, all.outcomes[code.value()]);
      }
    }
    List<Measurement.VariantResult> results =
        java.util.stream.IntStream.range(0, variants.size())
            .mapToObj(
                i ->
                    new Measurement.VariantResult(
                        variants.get(i).label(),
                        all.sentOf[i],
                        all.goodOf[i],
                        all.variants.length == 0 ? all.latency : all.variants[i]))
            .toList();
    return new Measurement(
        seconds,
        all.sent,
        outcomes,
        all.messages,
        all.latency,
        all.negative,
        results,
        all.good / seconds,
        all.wrong,
        all.wrongExample,
        all.lag,
        busiest);
  }

  private void add(Recorder other) {
    latency.add(other.latency);
    negative.add(other.negative);
    lag.add(other.lag);
    for (int i = 0; i < variants.length; i++) {
      variants[i].add(other.variants[i]);
    }
    for (int i = 0; i < sentOf.length; i++) {
      sentOf[i] += other.sentOf[i];
      goodOf[i] += other.goodOf[i];
    }
    for (int i = 0; i < outcomes.length; i++) {
      outcomes[i] += other.outcomes[i];
    }
    other.messages.forEach(messages::putIfAbsent);
    sent += other.sent;
    good += other.good;
    wrong += other.wrong;
    if (wrongExample == null) {
      wrongExample = other.wrongExample;
    }
  }
}
