// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.QueueReport.SizedCurve;
import dev.millrace.batching.Rejection;
import dev.millrace.batching.cost.Curve;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Locale;
import java.util.Map;

/**
 * A {@link SchedulingReport} as JSON. Times are in microseconds, rates per second. The member
 * {@code curves} is what {@code millrace simulate --model-curve} reads of it.
 */
public final class SchedulingJson {
  private static final JsonFactory JSON = new JsonFactory();
  private static final double MICROS = 1e3;

  private SchedulingJson() {}

  /** The report and its explanation, on one line. */
  public static String write(SchedulingReport report) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      write(json, report);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return text.append('\n').toString();
  }

  /** What went wrong, in the REST protocol's form. */
  public static String error(String message) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("error", message);
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator json, SchedulingReport report) throws IOException {
    QueueReport queue = report.queue();
    json.writeStartObject();
    json.writeStringField("model", report.model());
    json.writeStringField("version", Long.toString(report.version()));
    json.writeArrayFieldStart("explanation");
    for (String sentence : Explanation.of(report)) {
      json.writeString(sentence);
    }
    json.writeEndArray();
    json.writeStringField("batching", report.batching());
    json.writeNumberField("max_batch_rows", report.maxBatchRows());
    json.writeNumberField("replicas", report.replicas());
    json.writeNumberField("serving_replicas", queue.replicas());
    writeDevices(json, report);
    json.writeNumberField("queued_rows", report.queuedRows());
    json.writeNumberField("queued_bytes", report.queuedBytes());
    json.writeNumberField("in_flight", report.inFlight());
    number(json, "load", queue.load());
    json.writeObjectFieldStart("rejections");
    for (Map.Entry<Rejection, Long> rejection : report.rejections().entrySet()) {
      json.writeNumberField(
          rejection.getKey().name().toLowerCase(Locale.ROOT), rejection.getValue());
    }
    json.writeEndObject();
    writeLately(json, queue.lately());
    json.writeObjectFieldStart("total");
    json.writeNumberField("batches", queue.batches());
    json.writeNumberField("chosen_rows", queue.chosenRows());
    json.writeNumberField("choosable_rows", queue.queuedRows());
    json.writeNumberField("stagger_waits", queue.waits());
    json.writeEndObject();
    json.writeObjectFieldStart("prediction_error");
    number(json, "median", queue.medianError());
    number(json, "p99", queue.highError());
    json.writeEndObject();
    json.writeArrayFieldStart("curves");
    for (SizedCurve curve : queue.curves()) {
      writeCurve(json, curve);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void writeDevices(JsonGenerator json, SchedulingReport report) throws IOException {
    json.writeArrayFieldStart("devices");
    for (String device : report.devices()) {
      json.writeString(device);
    }
    json.writeEndArray();
    QueueReport.Devices shared = report.queue().devices();
    if (shared.count() == 0) {
      return;
    }
    json.writeObjectFieldStart("runs_at_a_time");
    json.writeNumberField("limit", shared.inFlight().limit());
    json.writeNumberField("ready_replicas", shared.readyReplicas());
    json.writeArrayFieldStart("gains");
    for (double gain : shared.inFlight().gains()) {
      json.writeNumber(rounded(gain));
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void writeLately(JsonGenerator json, QueueReport.Lately lately)
      throws IOException {
    json.writeObjectFieldStart("lately");
    number(json, "arrived_rows_per_second", lately.arrivedRows());
    number(json, "refused_rows_per_second", lately.refusedRows());
    number(json, "shed_rows_per_second", lately.shedRows());
    number(json, "batches_per_second", lately.batches());
    number(json, "rows_per_batch", lately.chosenRows());
    number(json, "choosable_rows_per_batch", lately.queuedRows());
    number(json, "event_loop_share", lately.loopShare());
    number(json, "stagger_waits_per_second", lately.waits());
    number(json, "busy_replicas", lately.busyReplicas());
    json.writeObjectFieldStart("deadlines");
    number(json, "share_of_rows", lately.deadlineShare());
    if (lately.deadlineShare() > 0) {
      number(json, "p10_micros", lately.shortObjectiveNanos() / MICROS);
      number(json, "median_micros", lately.objectiveNanos() / MICROS);
      number(json, "p90_micros", lately.longObjectiveNanos() / MICROS);
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void writeCurve(JsonGenerator json, SizedCurve sized) throws IOException {
    Curve curve = sized.curve();
    json.writeStartObject();
    json.writeStringField("shape", Long.toString(sized.rowSize()));
    json.writeNumberField("samples", curve.samples());
    number(json, "rows_per_second", sized.rowRate());
    json.writeNumberField("knee_rows", curve.knee());
    json.writeNumberField("cap_rows", curve.cap());
    json.writeNumberField("limit_rows", curve.limit());
    number(json, "one_row_micros", curve.mean(1) / MICROS);
    number(json, "cap_micros", curve.mean(curve.cap()) / MICROS);
    number(json, "alpha_micros", curve.alpha() / MICROS);
    number(json, "beta_micros", curve.beta() / MICROS);
    number(json, "variation", curve.variation());
    json.writeArrayFieldStart("rows");
    for (Curve.Point point : curve.points()) {
      json.writeNumber(point.rows());
    }
    json.writeEndArray();
    json.writeArrayFieldStart("micros");
    for (Curve.Point point : curve.points()) {
      json.writeNumber(rounded(point.nanos() / MICROS));
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    json.writeNumberField(name, rounded(value));
  }

  /** To thousandths: of microseconds, these are nanoseconds. JSON has no infinity. */
  private static double rounded(double value) {
    return Double.isFinite(value) ? Math.round(value * 1e3) / 1e3 : 0;
  }
}
