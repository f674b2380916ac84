// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A JSON object; what is missing in it, or of another type, is left to the caller. */
record Json(Map<String, Object> members) {
  private static final JsonFactory FACTORY = new JsonFactory();

  static Json parse(byte[] text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      return object(parser);
    }
  }

  private static Json object(JsonParser parser) throws IOException {
    Map<String, Object> members = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      members.put(name, value(parser));
    }
    return new Json(members);
  }

  // the parser's limit on nesting (1000) keeps the recursion shallow
  private static Object value(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        List<Object> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(value(parser));
        }
        yield items;
      }
      case VALUE_NUMBER_INT -> parser.getLongValue();
      case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
      case VALUE_STRING, VALUE_NUMBER_FLOAT -> parser.getText();
      case VALUE_NULL, NOT_AVAILABLE, END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT ->
          "";
    };
  }

  /** Empty if it is missing or no text. */
  String text(String name) {
    return members.get(name) instanceof String text ? text : "";
  }

  Optional<Long> number(String name) {
    return members.get(name) instanceof Long number ? Optional.of(number) : Optional.empty();
  }

  boolean isTrue(String name) {
    return Boolean.TRUE.equals(members.get(name));
  }

  Optional<Json> object(String name) {
    return members.get(name) instanceof Json json ? Optional.of(json) : Optional.empty();
  }

  /** Those items that are objects. */
  List<Json> objects(String name) {
    return members.get(name) instanceof List<?> items
        ? items.stream().filter(Json.class::isInstance).map(Json.class::cast).toList()
        : List.of();
  }
}
