// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Requests of verbs, as JSON. */
final class AdminJson {
  private AdminJson() {}

  /**
   * A request of its parts.
   *
   * @param fields by name, {@code spec.name} for those of a field: from the path and the query;
   *     they beat the body
   */
  static <Q extends Message> Q request(Verb<Q, ?> verb, String body, Map<String, String> fields) {
    Message.Builder request = verb.emptyRequest().newBuilderForType();
    if (!verb.body().isEmpty() && !body.isBlank()) {
      merge(
          body,
          verb.body().equals("*") ? request : request.getFieldBuilder(field(request, verb.body())));
    }
    fields.forEach((name, value) -> set(request, Arrays.asList(name.split("\\.")), value));
    @SuppressWarnings("unchecked") // built from a Q
    Q built = (Q) request.build();
    return built;
  }

  private static void merge(String json, Message.Builder into) {
    try {
      JsonFormat.parser().usingTypeRegistry(AnswerJson.TYPES).merge(json, into);
    } catch (InvalidProtocolBufferException e) {
      throw invalid("body: " + e.getMessage());
    }
  }

  private static void set(Message.Builder message, List<String> path, String value) {
    FieldDescriptor field = field(message, path.getFirst());
    if (path.size() > 1) {
      set(message.getFieldBuilder(field), path.subList(1, path.size()), value);
      return;
    }
    try {
      Object parsed =
          switch (field.getJavaType()) {
            case STRING -> value;
            case INT -> Integer.parseInt(value);
            case LONG -> Long.parseLong(value);
            case BOOLEAN -> bool(value);
            case FLOAT, DOUBLE, BYTE_STRING, ENUM, MESSAGE -> throw new IllegalArgumentException();
          };
      message.setField(field, parsed);
    } catch (IllegalArgumentException e) {
      throw invalid(
          "%s: '%s' (expected a %s)"
              .formatted(
                  field.getJsonName(), value, field.getType().toString().toLowerCase(Locale.ROOT)));
    }
  }

  private static boolean bool(String value) {
    if (value.equals("true") || value.isEmpty()) {
      return true;
    }
    if (value.equals("false")) {
      return false;
    }
    throw new IllegalArgumentException();
  }

  private static FieldDescriptor field(Message.Builder message, String name) {
    Descriptor type = message.getDescriptorForType();
    for (FieldDescriptor field : type.getFields()) {
      if (field.getName().equals(name) || field.getJsonName().equals(name)) {
        return field;
      }
    }
    throw invalid(
        "%s: unknown (expected one of %s)"
            .formatted(
                name,
                type.getFields().stream()
                    .map(FieldDescriptor::getJsonName)
                    .collect(Collectors.joining(", "))));
  }

  static StatusRuntimeException invalid(String message) {
    return Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
  }
}
