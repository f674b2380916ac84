// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.TextField.Message;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A message that has passed {@link PbtxtSchema#check}: its fields by name and type. What is absent
 * reads as empty; protobuf's defaults are up to whoever asks.
 */
record PbtxtMessage(List<TextField> fields) {

  PbtxtMessage(Message message) {
    this(message.fields());
  }

  Stream<TextField> all(String name) {
    return fields.stream().filter(field -> field.name().equals(name));
  }

  Optional<TextField> field(String name) {
    return all(name).findFirst();
  }

  boolean has(String name) {
    return field(name).isPresent();
  }

  /** A string that is not empty: to protobuf, an empty one is none. */
  Optional<String> string(String name) {
    return field(name).map(PbtxtMessage::string).filter(text -> !text.isEmpty());
  }

  boolean isTrue(String name) {
    return field(name).flatMap(field -> PbtxtValues.bool(field.value())).orElse(false);
  }

  Optional<String> constant(String name, String enumName) {
    return field(name)
        .flatMap(field -> PbtxtValues.constant(field.value(), PbtxtSchema.constants(enumName)));
  }

  OptionalLong integer(String name) {
    return all(name).mapToLong(PbtxtMessage::integer).findFirst();
  }

  long[] integers(String name) {
    return all(name).mapToLong(PbtxtMessage::integer).toArray();
  }

  Optional<PbtxtMessage> message(String name) {
    return messages(name).findFirst();
  }

  Stream<PbtxtMessage> messages(String name) {
    return all(name).flatMap(field -> message(field).stream());
  }

  static Optional<PbtxtMessage> message(TextField field) {
    return field.value() instanceof Message message
        ? Optional.of(new PbtxtMessage(message))
        : Optional.empty();
  }

  private static String string(TextField field) {
    return field.value() instanceof TextField.Text text ? text.text() : "";
  }

  /** A uint64 beyond a long is so large that the largest long does as well. */
  private static long integer(TextField field) {
    BigInteger largest = BigInteger.valueOf(Long.MAX_VALUE);
    return PbtxtValues.integer(field.value()).orElse(BigInteger.ZERO).min(largest).longValue();
  }
}
