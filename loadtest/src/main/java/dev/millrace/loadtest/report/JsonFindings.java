// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurement.VariantResult;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import dev.millrace.loadtest.load.Window;
import io.grpc.Status;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The part of a JSON report that ghz has not. Times in nanoseconds, rates per second. */
final class JsonFindings {
  private JsonFindings() {}

  static void write(JsonGenerator json, BenchReport report) throws IOException {
    json.writeArrayFieldStart("notes");
    for (String note : report.notes()) {
      json.writeString(note);
    }
    json.writeEndArray();
    Optional<Measurement> headline = report.findings().headline();
    if (headline.isPresent()) {
      measurement(json, headline.get());
      variants(json, headline.get().variants(), headline.get().seconds());
    }
    switch (report.findings()) {
      case Findings.Plain plain -> windows(json, plain.observation().windows());
      case Findings.Highest highest -> peak(json, highest.peak());
      case Findings.Overloaded overloaded -> {
        if (overloaded.search().isPresent()) {
          peak(json, overloaded.search().get());
        }
        overload(json, overloaded.overload());
      }
      case Findings.Compared compared -> comparison(json, compared);
    }
  }

  private static void measurement(JsonGenerator json, Measurement measurement) throws IOException {
    json.writeNumberField("seconds", measurement.seconds());
    json.writeNumberField("sent", measurement.sent());
    json.writeNumberField("rate", measurement.rate());
    json.writeNumberField("goodput", measurement.goodput());
    json.writeObjectFieldStart("outcomes");
    for (Map.Entry<Status.Code, Long> outcome : measurement.outcomes().entrySet()) {
      json.writeNumberField(outcome.getKey().name(), outcome.getValue());
    }
    json.writeEndObject();
    json.writeNumberField("wrong", measurement.wrong());
    if (measurement.wrongExample() != null) {
      json.writeStringField("wrongExample", measurement.wrongExample());
    }
    times(json, "latency", measurement.latency());
    times(json, "negative", measurement.negative());
    times(json, "lag", measurement.lag());
    json.writeBooleanField("fellBehind", measurement.fellBehind());
    json.writeNumberField("loopBusy", measurement.loopBusy());
  }

  private static void times(JsonGenerator json, String key, Histogram times) throws IOException {
    json.writeObjectFieldStart(key);
    json.writeNumberField("count", times.getTotalCount());
    if (times.getTotalCount() > 0) {
      json.writeNumberField("p50", times.getValueAtPercentile(50));
      json.writeNumberField("p90", times.getValueAtPercentile(90));
      json.writeNumberField("p95", times.getValueAtPercentile(95));
      json.writeNumberField("p99", times.getValueAtPercentile(99));
      json.writeNumberField("p99.9", times.getValueAtPercentile(99.9));
      json.writeNumberField("max", times.getMaxValue());
    }
    json.writeEndObject();
  }

  private static void variants(JsonGenerator json, List<VariantResult> variants, double seconds)
      throws IOException {
    json.writeArrayFieldStart("variants");
    for (VariantResult variant : variants) {
      json.writeStartObject();
      json.writeStringField("label", variant.label());
      json.writeNumberField("rate", variant.latency().getTotalCount() / seconds);
      times(json, "latency", variant.latency());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void windows(JsonGenerator json, List<Window> windows) throws IOException {
    json.writeArrayFieldStart("windows");
    for (Window window : windows) {
      json.writeStartObject();
      json.writeNumberField("seconds", window.seconds());
      json.writeNumberField("rate", window.rate());
      json.writeNumberField("p50", window.p50Nanos());
      json.writeNumberField("p99", window.p99Nanos());
      json.writeNumberField("failed", window.failed());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void peak(JsonGenerator json, Peak peak) throws IOException {
    json.writeObjectFieldStart("peak");
    json.writeNumberField("percentile", peak.slo().percentile());
    json.writeNumberField("limit", peak.slo().limitNanos());
    json.writeNumberField("closedLoop", peak.closedLoop().rate());
    if (peak.confirmed().isPresent()) {
      json.writeNumberField("offered", peak.confirmed().get().offered());
      json.writeNumberField("rate", peak.confirmed().get().measurement().rate());
    }
    json.writeArrayFieldStart("trials");
    for (Trial trial : peak.trials()) {
      json.writeStartObject();
      json.writeNumberField("offered", trial.offered());
      json.writeBooleanField("met", trial.isMet());
      if (trial.missed().isPresent()) {
        json.writeStringField("missed", trial.missed().get());
      }
      measurement(json, trial.measurement());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void overload(JsonGenerator json, Overload overload) throws IOException {
    json.writeObjectFieldStart("overload");
    json.writeNumberField("peak", overload.peak());
    json.writeNumberField("deadline", overload.deadlineNanos());
    json.writeArrayFieldStart("rows");
    for (Overload.Row row : overload.rows()) {
      json.writeStartObject();
      json.writeNumberField("factor", row.factor());
      json.writeNumberField("offered", row.offered());
      measurement(json, row.measurement());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void comparison(JsonGenerator json, Findings.Compared compared)
      throws IOException {
    Comparison comparison = compared.comparison();
    json.writeObjectFieldStart("against");
    json.writeStringField("a", compared.a());
    json.writeStringField("b", compared.b());
    json.writeNumberField("rounds", comparison.rounds());
    if (comparison.rounds() > 0) {
      ratio(json, "rate", comparison, Measurement::rate);
      ratio(json, "p50", comparison, m -> m.latency().getValueAtPercentile(50));
      ratio(json, "p99", comparison, m -> m.latency().getValueAtPercentile(99));
    }
    rounds(json, "ofA", comparison.a());
    rounds(json, "ofB", comparison.b());
    json.writeEndObject();
  }

  private static void ratio(
      JsonGenerator json, String key, Comparison comparison, ToDoubleFunction<Measurement> figure)
      throws IOException {
    Comparison.Spread ratio = comparison.ratio(figure);
    json.writeObjectFieldStart(key);
    json.writeNumberField("median", ratio.median());
    json.writeNumberField("min", ratio.min());
    json.writeNumberField("max", ratio.max());
    json.writeEndObject();
  }

  private static void rounds(JsonGenerator json, String key, List<Measurement> rounds)
      throws IOException {
    json.writeArrayFieldStart(key);
    for (Measurement round : rounds) {
      json.writeStartObject();
      measurement(json, round);
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
