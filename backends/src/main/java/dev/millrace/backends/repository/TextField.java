// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;

/**
 * A field of a protobuf text-format message, and where its value begins. A list is as many fields
 * of one name.
 */
record TextField(String name, Value value, int line, int column) {

  /** A value as written: what it means depends on the field's type. */
  sealed interface Value {}

  /** A quoted string, escapes resolved. */
  record Text(String text) implements Value {}

  /** A number, with its sign. */
  record Numeral(String literal) implements Value {}

  /** An unquoted word: an enum's constant, a boolean, {@code inf}. */
  record Word(String word) implements Value {}

  /** A message in braces. */
  record Message(List<TextField> fields) implements Value {}
}
