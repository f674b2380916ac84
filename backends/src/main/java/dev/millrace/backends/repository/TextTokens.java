// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Splits protobuf text format into tokens, one ahead at a time. */
final class TextTokens {

  enum Kind {
    WORD,
    NUMBER,
    TEXT,
    SYMBOL,
    END
  }

  private final String source;
  private final String fileName;
  private int next;
  private int line = 1;
  private int lineStart;

  private Kind kind = Kind.END;
  private String text = "";
  private int tokenLine = 1;
  private int tokenColumn = 1;

  TextTokens(String fileName, String source) throws ManifestException {
    this.fileName = fileName;
    this.source = source;
    advance();
  }

  Kind kind() {
    return kind;
  }

  /** The current token; of a string its content. */
  String text() {
    return text;
  }

  int line() {
    return tokenLine;
  }

  int column() {
    return tokenColumn;
  }

  boolean isSymbol(String symbol) {
    return kind == Kind.SYMBOL && text.equals(symbol);
  }

  /** Skips the symbol if it is the current token. */
  boolean skip(String symbol) throws ManifestException {
    if (!isSymbol(symbol)) {
      return false;
    }
    advance();
    return true;
  }

  /** A syntax error at the current token. */
  ManifestException unexpected(String expected) {
    String found =
        switch (kind) {
          case END -> "the end of the file";
          case TEXT -> "a string";
          case WORD, NUMBER, SYMBOL -> Names.quoted(text);
        };
    return error(tokenLine, tokenColumn, found + " (expected " + expected + ")");
  }

  private ManifestException error(int atLine, int atColumn, String problem) {
    return new ManifestException(
        List.of(fileName + ":" + atLine + ":" + atColumn + ": " + problem));
  }

  private ManifestException errorHere(String problem) {
    return error(line, next - lineStart + 1, problem);
  }

  void advance() throws ManifestException {
    skipSpace();
    tokenLine = line;
    tokenColumn = next - lineStart + 1;
    int start = next;
    if (next == source.length()) {
      kind = Kind.END;
      text = "";
      return;
    }
    char c = source.charAt(next);
    if (isLetter(c)) {
      kind = Kind.WORD;
      skipWord();
    } else if (isDigit(c) || (c == '.' && isDigit(peek(1)))) {
      kind = Kind.NUMBER;
      skipNumber();
    } else if (c == '"' || c == '\'') {
      kind = Kind.TEXT;
      text = quotedString(c);
      return;
    } else {
      kind = Kind.SYMBOL;
      next += Character.charCount(source.codePointAt(next));
    }
    text = source.substring(start, next);
  }

  private void skipSpace() {
    while (next < source.length()) {
      char c = source.charAt(next);
      if (c == '\n') {
        next++;
        line++;
        lineStart = next;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == 0x0b) {
        next++;
      } else if (c == '#') {
        int end = source.indexOf('\n', next);
        next = end < 0 ? source.length() : end;
      } else {
        return;
      }
    }
  }

  private void skipWord() {
    while (isLetter(peek(0)) || isDigit(peek(0))) {
      next++;
    }
  }

  /** Takes everything that may be part of a number; whether it is one is seen when it is read. */
  private void skipNumber() {
    while (true) {
      char c = peek(0);
      boolean exponentSign =
          (c == '+' || c == '-') && Character.toLowerCase(source.charAt(next - 1)) == 'e';
      if (!isLetter(c) && !isDigit(c) && c != '.' && !(exponentSign && !isHex())) {
        return;
      }
      next++;
    }
  }

  private boolean isHex() {
    int from = tokenColumn - 1 + lineStart;
    return source.startsWith("0x", from) || source.startsWith("0X", from);
  }

  /** Strings are bytes, which escapes may name one by one; here they are always UTF-8 text. */
  private String quotedString(char quote) throws ManifestException {
    next++;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (true) {
      if (next == source.length() || source.charAt(next) == '\n') {
        throw error(tokenLine, tokenColumn, "a string without its closing " + quote);
      }
      char c = source.charAt(next);
      if (c == quote) {
        next++;
        return bytes.toString(StandardCharsets.UTF_8);
      }
      if (c == '\\') {
        next++;
        escape(bytes);
      } else {
        int codePoint = source.codePointAt(next);
        next += Character.charCount(codePoint);
        write(bytes, codePoint);
      }
    }
  }

  private void escape(ByteArrayOutputStream bytes) throws ManifestException {
    char c = peek(0);
    next++;
    switch (c) {
      case 'a' -> bytes.write(0x07);
      case 'b' -> bytes.write('\b');
      case 'f' -> bytes.write('\f');
      case 'n' -> bytes.write('\n');
      case 'r' -> bytes.write('\r');
      case 't' -> bytes.write('\t');
      case 'v' -> bytes.write(0x0b);
      case '?', '\\', '\'', '"' -> bytes.write(c);
      case 'x', 'X' -> bytes.write(digits(16, 1, 2));
      case 'u' -> write(bytes, digits(16, 4, 4));
      case 'U' -> write(bytes, digits(16, 8, 8));
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        next--;
        bytes.write(digits(8, 1, 3));
      }
      default -> {
        next--;
        throw errorHere("an unknown escape in a string");
      }
    }
  }

  private int digits(int radix, int atLeast, int atMost) throws ManifestException {
    long value = 0;
    int count = 0;
    while (count < atMost && peek(0) < 0x80 && Character.digit(peek(0), radix) >= 0) {
      value = value * radix + Character.digit(peek(0), radix);
      next++;
      count++;
    }
    if (count < atLeast || value > Character.MAX_CODE_POINT) {
      throw errorHere("an escape in a string that names no character");
    }
    return (int) value;
  }

  private static void write(ByteArrayOutputStream bytes, int codePoint) {
    bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
  }

  /** The character so far ahead; 0, which begins nothing, behind the end. */
  private char peek(int ahead) {
    return next + ahead < source.length() ? source.charAt(next + ahead) : 0;
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
