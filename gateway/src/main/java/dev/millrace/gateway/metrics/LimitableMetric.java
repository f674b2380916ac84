// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.Nearest;
import dev.millrace.backends.serving.VersionState;
import dev.millrace.batching.Rejection;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A metric that gates may limit: one of those that are told for each version.
 *
 * @param name as it is exported
 * @param label besides model and version; empty for none
 * @param labelValues that there can be; none if any number may be one
 */
public record LimitableMetric(
    String name, MetricLimit.Kind kind, String label, List<String> labelValues) {
  private static final List<LimitableMetric> ALL =
      Arrays.stream(Metric.values()).filter(Metric::ofAModel).map(LimitableMetric::of).toList();

  /** Names that are nearest to one that is not known. */
  private static final int SUGGESTED = 3;

  public static Optional<LimitableMetric> find(String name) {
    return ALL.stream().filter(metric -> metric.name.equals(name)).findFirst();
  }

  /** The names of those that somebody may have meant, the nearest first. */
  public static List<String> nearest(String name) {
    return Nearest.first(SUGGESTED, name, ALL.stream().map(LimitableMetric::name).toList());
  }

  private static LimitableMetric of(Metric metric) {
    return new LimitableMetric(
        metric.exportedName(), metric.kind(), metric.furtherLabel(), labelValues(metric));
  }

  private static List<String> labelValues(Metric metric) {
    return switch (metric) {
      case REQUESTS -> Stream.concat(Stream.of("ok"), words(Failure.Kind.values())).toList();
      case REJECTIONS -> words(Rejection.values()).toList();
      case STATE -> words(VersionState.values()).toList();
      case SHADOW_COPIES -> VersionMetrics.COPY_RESULTS;
      default -> List.of();
    };
  }

  private static Stream<String> words(Enum<?>[] constants) {
    return Arrays.stream(constants).map(Labels::word);
  }
}
