// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a text-format value means as one of protobuf's types; empty if it is none of that type. */
final class PbtxtValues {
  private static final Pattern DECIMAL = Pattern.compile("-?(0|[1-9][0-9]*)");
  private static final Pattern OCTAL = Pattern.compile("-?0[0-7]+");
  private static final Pattern HEX = Pattern.compile("-?0[xX][0-9a-fA-F]+");
  private static final Pattern FLOAT =
      Pattern.compile("-?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?[fF]?");
  private static final Pattern WORD_FLOAT =
      Pattern.compile("-?(inf|infinity|nan)", Pattern.CASE_INSENSITIVE);

  /** No type of protobuf has more digits, in any base; parsing thousands would take long. */
  private static final int MAX_DIGITS = 32;

  private PbtxtValues() {}

  static Optional<BigInteger> integer(TextField.Value value) {
    if (!(value instanceof TextField.Numeral number) || number.literal().length() > MAX_DIGITS) {
      return Optional.empty();
    }
    String literal = number.literal();
    if (DECIMAL.matcher(literal).matches()) {
      return Optional.of(new BigInteger(literal));
    }
    if (OCTAL.matcher(literal).matches()) {
      return Optional.of(new BigInteger(literal, 8));
    }
    if (HEX.matcher(literal).matches()) {
      return Optional.of(new BigInteger(literal.replaceFirst("0[xX]", ""), 16));
    }
    return Optional.empty();
  }

  static boolean isFloat(TextField.Value value) {
    return switch (value) {
      case TextField.Numeral number ->
          FLOAT.matcher(number.literal()).matches()
              || WORD_FLOAT.matcher(number.literal()).matches();
      case TextField.Word word -> WORD_FLOAT.matcher(word.word()).matches();
      case TextField.Text text -> false;
      case TextField.Message message -> false;
    };
  }

  static Optional<Boolean> bool(TextField.Value value) {
    String written =
        switch (value) {
          case TextField.Numeral number -> number.literal();
          case TextField.Word word -> word.word();
          case TextField.Text text -> "";
          case TextField.Message message -> "";
        };
    return switch (written) {
      case "true", "True", "t", "1" -> Optional.of(true);
      case "false", "False", "f", "0" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  /** A constant by its name or its number. */
  static Optional<String> constant(TextField.Value value, List<String> constants) {
    if (value instanceof TextField.Word word) {
      return constants.contains(word.word()) ? Optional.of(word.word()) : Optional.empty();
    }
    return integer(value)
        .filter(n -> n.signum() >= 0 && n.bitLength() < 31 && n.intValue() < constants.size())
        .map(n -> constants.get(n.intValue()));
  }
}
