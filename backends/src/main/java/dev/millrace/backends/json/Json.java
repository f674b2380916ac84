// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A JSON value. */
public sealed interface Json {

  /** Members in the order in which they were written. */
  record Members(Map<String, Json> members) implements Json {
    public Optional<Json> get(String name) {
      return Optional.ofNullable(members.get(name));
    }
  }

  record Items(List<Json> items) implements Json {}

  record Text(String text) implements Json {}

  /**
   * A number as it was written: an element's type decides how it is read, and a 64-bit integer does
   * not fit a double.
   */
  record Num(String literal) implements Json {}

  record Bool(boolean value) implements Json {}

  record Null() implements Json {}

  /** What kind of value it is, for messages. */
  default String kind() {
    return switch (this) {
      case Members m -> "an object";
      case Items i -> "an array";
      case Text t -> "text";
      case Num n -> "a number";
      case Bool b -> "a boolean";
      case Null n -> "null";
    };
  }
}
