// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.gate.MetricLimit.Kind;
import dev.millrace.backends.gate.MetricLimit.Max;
import dev.millrace.backends.gate.MetricLimit.Per;
import dev.millrace.backends.gate.MetricLimit.RatioToStable;
import dev.millrace.gateway.metrics.LimitableMetric;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Limits of metrics, between the protocol's messages and ours. */
final class LimitSpecs {
  private static final Logger log = LoggerFactory.getLogger(LimitSpecs.class);
  private static final String FIELD = "update.gates.limits";

  /** Each is read of the old and of the new version every 50 ms while a rollout lasts. */
  private static final int MOST = 16;

  private final String field;
  private final dev.millrace.proto.admin.v1.MetricLimit message;
  private final List<String> problems;

  private LimitSpecs(
      String field, dev.millrace.proto.admin.v1.MetricLimit message, List<String> problems) {
    this.field = field;
    this.message = message;
    this.problems = problems;
  }

  /** Those with which nothing is wrong. */
  static List<MetricLimit> read(
      List<dev.millrace.proto.admin.v1.MetricLimit> messages, List<String> problems) {
    if (messages.size() > MOST) {
      problems.add("%s: %d (expected at most %d)".formatted(FIELD, messages.size(), MOST));
    }
    List<MetricLimit> limits = new ArrayList<>();
    Set<String> subjects = new HashSet<>();
    for (int i = 0; i < messages.size(); i++) {
      String field = "%s[%d]".formatted(FIELD, i);
      Optional<MetricLimit> limit = new LimitSpecs(field, messages.get(i), problems).read();
      limit.ifPresent(limits::add);
      if (limit.isPresent() && !subjects.add(limit.get().subject())) {
        problems.add("%s: %s (expected once)".formatted(field, limit.get().subject()));
      }
    }
    return limits;
  }

  /**
   * Without limits of metrics that another gateway had: what was declared then is to be served, if
   * with fewer gates.
   */
  static DeploymentSpec withoutUnknown(DeploymentSpec spec) {
    List<dev.millrace.proto.admin.v1.MetricLimit> known =
        new ArrayList<>(spec.getUpdate().getGates().getLimitsList());
    if (!known.removeIf(limit -> LimitableMetric.find(limit.getMetric()).isEmpty())) {
      return spec;
    }
    log.warn("deployment {}: some limits are of metrics that are not known", spec.getName());
    DeploymentSpec.Builder changed = spec.toBuilder();
    changed.getUpdateBuilder().getGatesBuilder().clearLimits().addAllLimits(known);
    return changed.build();
  }

  private Optional<MetricLimit> read() {
    Optional<LimitableMetric> found = LimitableMetric.find(message.getMetric());
    if (found.isEmpty()) {
      problem(
          "metric",
          message.getMetric(),
          "a metric of versions, such as "
              + String.join(", ", LimitableMetric.nearest(message.getMetric())));
      return Optional.empty();
    }
    LimitableMetric metric = found.get();
    int before = problems.size();
    checkLabels(metric);
    checkQuantile(metric.kind());
    Per per = per(metric.kind());
    checkBound();
    if (problems.size() > before) {
      return Optional.empty();
    }
    return Optional.of(
        new MetricLimit(
            metric.name(),
            metric.kind(),
            message.getLabelsMap(),
            message.getQuantile(),
            per,
            message.hasMax()
                ? new Max(message.getMax())
                : new RatioToStable(message.getRatioToStable())));
  }

  private void checkLabels(LimitableMetric metric) {
    message
        .getLabelsMap()
        .forEach(
            (label, value) -> {
              if (!label.equals(metric.label())) {
                String expected = metric.label().isEmpty() ? "none" : metric.label();
                problem("labels", label, expected + ", besides model and version");
              } else if (!metric.labelValues().isEmpty() && !metric.labelValues().contains(value)) {
                problem("labels." + label, value, String.join(", ", metric.labelValues()));
              }
            });
  }

  private void checkQuantile(Kind kind) {
    double quantile = message.getQuantile();
    if (!(quantile >= 0 && quantile < 1)) {
      problem("quantile", quantile, "between 0 and 1");
    } else if (quantile > 0 && kind != Kind.HISTOGRAM) {
      problem("quantile", quantile, "none: %s is a %s".formatted(message.getMetric(), word(kind)));
    }
  }

  private Per per(Kind kind) {
    String text = message.getPer();
    if (kind != Kind.COUNTER) {
      if (!text.isEmpty()) {
        problem("per", text, "none: %s is a %s".formatted(message.getMetric(), word(kind)));
      }
      return Per.NOTHING;
    }
    return switch (text) {
      case "", "request" -> Per.REQUEST;
      case "second" -> Per.SECOND;
      default -> {
        problem("per", text, "request or second");
        yield Per.REQUEST;
      }
    };
  }

  private void checkBound() {
    double ratio = message.getRatioToStable();
    if (message.hasMax() == (ratio != 0)) {
      problems.add(
          "%s: %s (expected one of max and ratio_to_stable)"
              .formatted(field, message.hasMax() ? "both max and ratio_to_stable" : "no bound"));
    } else if (message.hasMax() && !(message.getMax() >= 0 && isFinite(message.getMax()))) {
      problem("max", message.getMax(), "at least 0");
    } else if (!message.hasMax() && !(ratio > 0 && isFinite(ratio))) {
      problem("ratio_to_stable", ratio, "above 0");
    }
  }

  private static boolean isFinite(double number) {
    return Double.isFinite(number);
  }

  private void problem(String what, Object value, String expected) {
    problems.add("%s.%s: '%s' (expected %s)".formatted(field, what, value, expected));
  }

  private static String word(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** The message that {@link #read} makes this of. */
  static dev.millrace.proto.admin.v1.MetricLimit write(MetricLimit limit) {
    dev.millrace.proto.admin.v1.MetricLimit.Builder message =
        dev.millrace.proto.admin.v1.MetricLimit.newBuilder()
            .setMetric(limit.metric())
            .putAllLabels(limit.labels())
            .setQuantile(limit.quantile());
    if (limit.per() != Per.NOTHING) {
      message.setPer(limit.per().name().toLowerCase(Locale.ROOT));
    }
    switch (limit.bound()) {
      case Max max -> message.setMax(max.value());
      case RatioToStable ratio -> message.setRatioToStable(ratio.ratio());
    }
    return message.build();
  }
}
