// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.backends.repository.ConfigOverlay;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A deployment's settings as one text, which is the same for the same settings: JSON, sorted. */
final class ConfigText {
  private static final JsonFactory JSON = new JsonFactory();

  private ConfigText() {}

  static String read(Struct config, List<String> problems) {
    if (config.getFieldsCount() == 0) {
      return ConfigOverlay.NONE;
    }
    String text = text(config);
    ConfigOverlay.problem(text).ifPresent(problems::add);
    return text;
  }

  /** The message that {@link #read} makes this of. */
  static Struct write(String config) {
    Struct.Builder message = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(config, message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("config: " + config, e);
    }
    return message.build();
  }

  private static String text(Struct config) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = JSON.createGenerator(text)) {
      write(config, out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(Struct struct, JsonGenerator out) throws IOException {
    out.writeStartObject();
    for (Map.Entry<String, Value> field : new TreeMap<>(struct.getFieldsMap()).entrySet()) {
      out.writeFieldName(field.getKey());
      write(field.getValue(), out);
    }
    out.writeEndObject();
  }

  private static void write(Value value, JsonGenerator out) throws IOException {
    switch (value.getKindCase()) {
      case STRUCT_VALUE -> write(value.getStructValue(), out);
      case LIST_VALUE -> {
        out.writeStartArray();
        for (Value element : value.getListValue().getValuesList()) {
          write(element, out);
        }
        out.writeEndArray();
      }
      case STRING_VALUE -> out.writeString(value.getStringValue());
      case BOOL_VALUE -> out.writeBoolean(value.getBoolValue());
      case NUMBER_VALUE -> write(value.getNumberValue(), out);
      case NULL_VALUE, KIND_NOT_SET -> out.writeNull();
    }
  }

  /** A Struct has no whole numbers; model.yaml has hardly any others. */
  private static void write(double number, JsonGenerator out) throws IOException {
    if (number == Math.rint(number) && Math.abs(number) < 1L << 53) {
      out.writeNumber((long) number);
    } else {
      out.writeNumber(number);
    }
  }
}
