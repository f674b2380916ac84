// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A JSON value. What reads it as something that it is not throws a {@link JsonException}. */
public sealed interface Json {

  /** Members in the order in which they were written. */
  record Members(Map<String, Json> members) implements Json {
    public Optional<Json> get(String name) {
      return Optional.ofNullable(members.get(name));
    }

    /**
     * The member, which has to be there.
     *
     * @param owner what this is, for the message: "an input"
     */
    public Json require(String name, String owner) {
      return get(name)
          .orElseThrow(() -> new JsonException("%s without '%s'".formatted(owner, name)));
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

  /**
   * The members of an object.
   *
   * @param name of the value, for the message; so below
   */
  default Members asMembers(String name) {
    if (this instanceof Members members) {
      return members;
    }
    throw new JsonException("%s: %s (expected an object)".formatted(name, kind()));
  }

  /** The items of an array. */
  default List<Json> asItems(String name) {
    if (this instanceof Items items) {
      return items.items();
    }
    throw new JsonException("%s: %s (expected an array)".formatted(name, kind()));
  }

  default String asText(String name) {
    if (this instanceof Text text) {
      return text.text();
    }
    throw new JsonException("%s: %s (expected text)".formatted(name, kind()));
  }

  /** The shape of a tensor: whole numbers, none of them negative. */
  default List<Long> asShape() {
    List<Long> shape = new ArrayList<>();
    for (Json size : asItems("shape")) {
      if (!(size instanceof Num number) || !number.literal().matches("\\d{1,18}")) {
        throw new JsonException("shape %s (expected sizes from 0)".formatted(JsonText.write(this)));
      }
      shape.add(Long.parseLong(number.literal()));
    }
    return shape;
  }

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
