// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Describes the verbs in OpenAPI 3.1, from the same table and messages that serve them. */
final class OpenApi {
  private static final Pattern FIELD = Pattern.compile("\\{([^}]+)}");

  private final JsonGenerator json;
  private final Map<String, Descriptor> types = new LinkedHashMap<>();

  private OpenApi(JsonGenerator json) {
    this.json = json;
  }

  static String describe(List<Verb<?, ?>> verbs) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
      new OpenApi(json).write(verbs);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return text.append('\n').toString();
  }

  private void write(List<Verb<?, ?>> verbs) throws IOException {
    json.writeStartObject();
    json.writeStringField("openapi", "3.1.0");
    json.writeObjectFieldStart("info");
    json.writeStringField("title", "Millrace administration");
    json.writeStringField("version", "v1");
    json.writeEndObject();
    json.writeObjectFieldStart("paths");
    Map<String, List<Verb<?, ?>>> byPath =
        verbs.stream()
            .collect(
                Collectors.groupingBy(
                    verb -> path(verb.path()), LinkedHashMap::new, Collectors.toList()));
    for (Map.Entry<String, List<Verb<?, ?>>> path : byPath.entrySet()) {
      json.writeObjectFieldStart(path.getKey());
      for (Verb<?, ?> verb : path.getValue()) {
        operation(verb);
      }
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeObjectFieldStart("components");
    json.writeObjectFieldStart("schemas");
    List<Descriptor> open = new ArrayList<>(types.values());
    while (!open.isEmpty()) {
      Descriptor type = open.removeFirst();
      int before = types.size();
      schema(type);
      types.values().stream().skip(before).forEach(open::add);
    }
    json.writeEndObject();
    json.writeEndObject();
    json.writeEndObject();
  }

  /** Names of fields as OpenAPI takes them: without the dot. */
  private static String path(String template) {
    return Administration.PATH.substring(0, Administration.PATH.length() - 1)
        + FIELD.matcher(template).replaceAll(field -> "{" + last(field.group(1)) + "}");
  }

  private static String last(String field) {
    return field.substring(field.lastIndexOf('.') + 1);
  }

  private void operation(Verb<?, ?> verb) throws IOException {
    json.writeObjectFieldStart(verb.httpMethod().toLowerCase(Locale.ROOT));
    json.writeStringField("operationId", String.valueOf(verb.method().getBareMethodName()));
    json.writeStringField("summary", verb.summary());
    json.writeArrayFieldStart("parameters");
    Matcher field = FIELD.matcher(verb.path());
    while (field.find()) {
      json.writeStartObject();
      json.writeStringField("name", last(field.group(1)));
      json.writeStringField("in", "path");
      json.writeBooleanField("required", true);
      json.writeObjectFieldStart("schema");
      json.writeStringField("type", "string");
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
    if (!verb.body().isEmpty()) {
      Descriptor request = verb.emptyRequest().getDescriptorForType();
      json.writeObjectFieldStart("requestBody");
      content(
          verb.body().equals("*")
              ? request
              : request.findFieldByName(verb.body()).getMessageType());
      json.writeEndObject();
    }
    json.writeObjectFieldStart("responses");
    json.writeObjectFieldStart("200");
    json.writeStringField("description", "done");
    content(verb.emptyResponse().getDescriptorForType());
    json.writeEndObject();
    json.writeObjectFieldStart("default");
    json.writeStringField("description", "what went wrong: code and message");
    json.writeEndObject();
    json.writeEndObject();
    json.writeEndObject();
  }

  private void content(Descriptor type) throws IOException {
    json.writeObjectFieldStart("content");
    json.writeObjectFieldStart("application/json");
    json.writeObjectFieldStart("schema");
    reference(type);
    json.writeEndObject();
    json.writeEndObject();
    json.writeEndObject();
  }

  private void reference(Descriptor type) throws IOException {
    types.putIfAbsent(type.getName(), type);
    json.writeStringField("$ref", "#/components/schemas/" + type.getName());
  }

  private void schema(Descriptor type) throws IOException {
    json.writeObjectFieldStart(type.getName());
    json.writeStringField("type", "object");
    json.writeObjectFieldStart("properties");
    for (FieldDescriptor field : type.getFields()) {
      json.writeObjectFieldStart(field.getJsonName());
      if (field.isMapField()) {
        json.writeStringField("type", "object");
        json.writeObjectFieldStart("additionalProperties");
        value(field.getMessageType().findFieldByName("value"));
        json.writeEndObject();
      } else if (field.isRepeated()) {
        json.writeStringField("type", "array");
        json.writeObjectFieldStart("items");
        value(field);
        json.writeEndObject();
      } else {
        value(field);
      }
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void value(FieldDescriptor field) throws IOException {
    switch (field.getJavaType()) {
      case BOOLEAN -> json.writeStringField("type", "boolean");
      case INT -> json.writeStringField("type", "integer");
      case LONG -> {
        json.writeStringField("type", "string"); // as protobuf has it: JavaScript would round
        json.writeStringField("format", "int64");
      }
      case FLOAT, DOUBLE -> json.writeStringField("type", "number");
      case STRING, BYTE_STRING, ENUM -> json.writeStringField("type", "string");
      case MESSAGE -> message(field.getMessageType());
    }
  }

  private void message(Descriptor type) throws IOException {
    if (type.equals(Duration.getDescriptor())) {
      json.writeStringField("type", "string");
      json.writeStringField("description", "seconds, such as 2.5s");
    } else if (type.equals(Timestamp.getDescriptor())) {
      json.writeStringField("type", "string");
      json.writeStringField("format", "date-time");
    } else if (type.equals(Struct.getDescriptor())) {
      json.writeStringField("type", "object");
    } else {
      reference(type);
    }
  }
}
