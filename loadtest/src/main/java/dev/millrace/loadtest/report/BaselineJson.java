// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.Figure;
import dev.millrace.loadtest.goals.RowResult;
import dev.millrace.loadtest.load.Comparison.Spread;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;

/** A report of baselines as JSON, with every round of every figure. */
public final class BaselineJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private BaselineJson() {}

  public static String write(BaselineReport report) {
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

  private static void write(JsonGenerator json, BaselineReport report) throws IOException {
    json.writeStartObject();
    json.writeStringField("date", report.date().toString());
    json.writeStringField("machine", report.machine());
    json.writeStringField("software", report.software());
    json.writeStringField("layout", report.layout());
    json.writeStringField("command", report.command());
    json.writeNumberField("seconds", report.seconds());
    texts(json, "notes", report.notes());
    json.writeArrayFieldStart("rows");
    for (RowResult row : report.rows()) {
      json.writeStartObject();
      json.writeNumberField("number", row.number());
      json.writeStringField("work", row.work());
      json.writeArrayFieldStart("figures");
      for (Figure figure : row.figures()) {
        figure(json, figure);
      }
      json.writeEndArray();
      texts(json, "notes", row.notes());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void figure(JsonGenerator json, Figure figure) throws IOException {
    Spread spread = figure.spread();
    json.writeStartObject();
    json.writeStringField("name", figure.name());
    json.writeStringField("unit", figure.unit().name().toLowerCase(Locale.ROOT));
    json.writeNumberField("median", spread.median());
    json.writeNumberField("min", spread.min());
    json.writeNumberField("max", spread.max());
    if (figure.goal().isPresent()) {
      json.writeStringField(
          "goal_kind", figure.goal().get().kind().name().toLowerCase(Locale.ROOT));
      json.writeNumberField("goal", figure.goal().get().value());
      json.writeBooleanField("met", figure.isMet().orElseThrow());
    }
    json.writeArrayFieldStart("rounds");
    for (double value : figure.values()) {
      json.writeNumber(value);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void texts(JsonGenerator json, String key, List<String> texts) throws IOException {
    json.writeArrayFieldStart(key);
    for (String text : texts) {
      json.writeString(text);
    }
    json.writeEndArray();
  }
}
