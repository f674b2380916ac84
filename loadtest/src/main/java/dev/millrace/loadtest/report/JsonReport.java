// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.loadtest.load.Measurement;
import io.grpc.Status;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/**
 * A report as JSON. The keys are those of <a href="https://ghz.sh/docs/output">ghz</a> where the
 * meaning is the same: times in nanoseconds, marks of the histogram in seconds, latencies of
 * answers with status OK. What ghz has not is under {@code millrace}.
 */
public final class JsonReport {
  private static final JsonFactory FACTORY = new JsonFactory();

  // ghz's own, and two that a goal may name
  private static final double[] PERCENTILES = {10, 25, 50, 75, 90, 95, 99, 99.9, 99.99};
  private static final int BUCKETS = 10;

  private JsonReport() {}

  public static String write(BenchReport report) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      write(json, report);
    } catch (IOException e) {
      // a StringWriter does not fail
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, BenchReport report) throws IOException {
    json.writeStartObject();
    json.writeStringField("date", report.date().toString());
    json.writeStringField("endReason", report.end().ghzName());
    json.writeObjectFieldStart("options");
    json.writeStringField("host", report.target());
    for (Map.Entry<String, String> option : report.options().entrySet()) {
      json.writeStringField(option.getKey(), option.getValue());
    }
    json.writeEndObject();
    if (report.findings().headline().isPresent()) {
      headline(json, report.findings().headline().get());
    }
    json.writeObjectFieldStart("millrace");
    JsonFindings.write(json, report);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void headline(JsonGenerator json, Measurement measurement) throws IOException {
    Histogram latency = measurement.latency();
    json.writeNumberField("count", measurement.answered());
    json.writeNumberField("total", Math.round(measurement.seconds() * 1e9));
    json.writeNumberField("average", latency.getTotalCount() == 0 ? 0 : (long) latency.getMean());
    json.writeNumberField("fastest", latency.getTotalCount() == 0 ? 0 : latency.getMinValue());
    json.writeNumberField("slowest", latency.getMaxValue());
    json.writeNumberField("rps", measurement.answerRate());
    json.writeObjectFieldStart("errorDistribution");
    for (Map.Entry<Status.Code, Long> outcome : measurement.outcomes().entrySet()) {
      if (outcome.getKey() != Status.Code.OK) {
        json.writeNumberField(error(measurement, outcome.getKey()), outcome.getValue());
      }
    }
    json.writeEndObject();
    json.writeObjectFieldStart("statusCodeDistribution");
    for (Map.Entry<Status.Code, Long> outcome : measurement.outcomes().entrySet()) {
      json.writeNumberField(nameInGo(outcome.getKey()), outcome.getValue());
    }
    json.writeEndObject();
    latencyDistribution(json, "latencyDistribution", latency);
    histogram(json, latency);
  }

  static void latencyDistribution(JsonGenerator json, String key, Histogram latency)
      throws IOException {
    json.writeArrayFieldStart(key);
    if (latency.getTotalCount() > 0) {
      for (double percentile : PERCENTILES) {
        json.writeStartObject();
        json.writeNumberField("percentage", percentile);
        json.writeNumberField("latency", latency.getValueAtPercentile(percentile));
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  /** Equal steps from the fastest to the slowest; each mark is the upper end of its bucket. */
  private static void histogram(JsonGenerator json, Histogram latency) throws IOException {
    json.writeArrayFieldStart("histogram");
    if (latency.getTotalCount() > 0) {
      double fastest = latency.getMinValue();
      double step = (latency.getMaxValue() - fastest) / BUCKETS;
      long[] counts = new long[BUCKETS + 1];
      for (HistogramIterationValue value : latency.recordedValues()) {
        double bucket = step == 0 ? 0 : Math.ceil((value.getValueIteratedTo() - fastest) / step);
        counts[(int) Math.clamp(bucket, 0, BUCKETS)] += value.getCountAtValueIteratedTo();
      }
      for (int i = 0; i < counts.length; i++) {
        json.writeStartObject();
        json.writeNumberField("mark", (fastest + i * step) / 1e9);
        json.writeNumberField("count", counts[i]);
        json.writeNumberField("frequency", (double) counts[i] / latency.getTotalCount());
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  // as an error of grpc-go prints
  private static String error(Measurement measurement, Status.Code code) {
    return "rpc error: code = %s desc = %s"
        .formatted(nameInGo(code), measurement.messages().getOrDefault(code, ""));
  }

  /** DeadlineExceeded rather than DEADLINE_EXCEEDED. */
  private static String nameInGo(Status.Code code) {
    return code == Status.Code.OK
        ? "OK"
        : Arrays.stream(code.name().split("_", -1))
            .map(word -> word.charAt(0) + word.substring(1).toLowerCase(java.util.Locale.ROOT))
            .collect(Collectors.joining());
  }
}
