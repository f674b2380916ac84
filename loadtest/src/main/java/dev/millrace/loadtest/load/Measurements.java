// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.load.Measurement.VariantResult;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Adds measurements up. */
public final class Measurements {
  // of values in histograms: three digits are 0.1 %, finer than any two runs agree
  private static final int DIGITS = 3;

  private Measurements() {}

  /** What was seen in several stretches together, at least one. */
  public static Measurement sum(List<Measurement> parts) {
    return sum(parts, parts.stream().mapToDouble(Measurement::seconds).sum());
  }

  /**
   * What became of the requests of one stretch, when some of their answers came only after its end.
   * Rates are over its own length, so that each request counts once, in the time it was due.
   */
  static Measurement withLateAnswers(Measurement stretch, Measurement after) {
    return sum(List.of(stretch, after), stretch.seconds());
  }

  private static Measurement sum(List<Measurement> parts, double seconds) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("no measurements (expected at least one)");
    }
    Map<Status.Code, Long> outcomes = new EnumMap<>(Status.Code.class);
    Map<Status.Code, String> messages = new EnumMap<>(Status.Code.class);
    for (Measurement part : parts) {
      part.outcomes().forEach((code, count) -> outcomes.merge(code, count, Long::sum));
      part.messages().forEach(messages::putIfAbsent);
    }
    double good = parts.stream().mapToDouble(part -> part.goodput() * part.seconds()).sum();
    double busy = parts.stream().mapToDouble(part -> part.loopBusy() * part.seconds()).sum();
    double measured = parts.stream().mapToDouble(Measurement::seconds).sum();
    return new Measurement(
        seconds,
        parts.stream().mapToLong(Measurement::sent).sum(),
        outcomes,
        messages,
        add(parts, Measurement::latency),
        add(parts, Measurement::negative),
        variants(parts),
        seconds > 0 ? good / seconds : 0,
        parts.stream().mapToLong(Measurement::wrong).sum(),
        wrongExample(parts),
        add(parts, Measurement::lag),
        measured > 0 ? busy / measured : 0);
  }

  private static Histogram add(
      List<Measurement> parts, Function<Measurement, Histogram> histogram) {
    Histogram sum = new Histogram(DIGITS);
    parts.forEach(part -> sum.add(histogram.apply(part)));
    return sum;
  }

  private static List<VariantResult> variants(List<Measurement> parts) {
    List<VariantResult> sums = new ArrayList<>();
    for (int i = 0; i < parts.getFirst().variants().size(); i++) {
      int variant = i;
      sums.add(
          new VariantResult(
              parts.getFirst().variants().get(i).label(),
              parts.stream().mapToLong(part -> part.variants().get(variant).sent()).sum(),
              parts.stream().mapToLong(part -> part.variants().get(variant).good()).sum(),
              add(parts, part -> part.variants().get(variant).latency())));
    }
    return sums;
  }

  private static @Nullable String wrongExample(List<Measurement> parts) {
    for (Measurement part : parts) {
      if (part.wrongExample() != null) {
        return part.wrongExample();
      }
    }
    return null;
  }
}
