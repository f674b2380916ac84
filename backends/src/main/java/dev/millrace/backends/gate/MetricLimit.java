// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import java.util.Map;
import java.util.TreeMap;

/**
 * A metric that a new version has to keep below a value, or near that of the version it replaces.
 *
 * @param metric as it is exported
 * @param kind of its values
 * @param labels besides model and version, of the samples that are meant; none for all of them
 * @param quantile of a histogram, between 0 and 1; 0 for its mean, and for other metrics
 * @param per what a counter is divided by
 * @param bound what holds its value
 */
public record MetricLimit(
    String metric, Kind kind, Map<String, String> labels, double quantile, Per per, Bounded bound) {

  /** What a metric says. */
  public enum Kind {
    /** How often something has happened. */
    COUNTER,
    /** How much there is of something; its average over the time is held to the limit. */
    GAUGE,
    /** How values are spread. */
    HISTOGRAM
  }

  /** What a counter is divided by; {@link #NOTHING} for other metrics. */
  public enum Per {
    NOTHING,
    REQUEST,
    SECOND
  }

  /** What the value is held to. */
  public sealed interface Bounded {}

  /** At most so much, 0 or more. */
  public record Max(double value) implements Bounded {
    @Override
    public String toString() {
      return "max " + Numbers.text(value);
    }
  }

  /** At most so many times that of the version that is replaced, in the same time. */
  public record RatioToStable(double ratio) implements Bounded {
    @Override
    public String toString() {
      return "ratio_to_stable " + Numbers.text(ratio);
    }
  }

  public MetricLimit {
    labels = Map.copyOf(labels);
  }

  /** What is limited: {@code millrace_requests_total{outcome=engine} per request}. */
  public String subject() {
    StringBuilder text = new StringBuilder(metric);
    if (!labels.isEmpty()) {
      text.append(new TreeMap<>(labels));
    }
    if (quantile > 0) {
      text.append(" quantile ").append(Numbers.text(quantile));
    } else if (kind == Kind.HISTOGRAM) {
      text.append(" mean");
    }
    return switch (per) {
      case NOTHING -> text.toString();
      case REQUEST -> text + " per request";
      case SECOND -> text + " per second";
    };
  }

  /** {@code millrace_queue_seconds quantile 0.99, max 0.005}. */
  @Override
  public String toString() {
    return subject() + ", " + bound;
  }
}
