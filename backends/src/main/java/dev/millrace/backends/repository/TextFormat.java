// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.TextField.Message;
import dev.millrace.backends.repository.TextField.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * Parses protobuf's text format without a schema: see <a
 * href="https://protobuf.dev/reference/protobuf/textformat-spec/">its specification</a>. Not
 * offered are extensions and {@code Any}, which no model configuration has.
 */
final class TextFormat {

  /** Deeper than any message of a model configuration; the parser recurses. */
  private static final int MAX_DEPTH = 32;

  private final TextTokens tokens;
  private int depth;

  private TextFormat(TextTokens tokens) {
    this.tokens = tokens;
  }

  static Message parse(String fileName, String source) throws ManifestException {
    TextTokens tokens = new TextTokens(fileName, source);
    List<TextField> fields = new ArrayList<>();
    TextFormat parser = new TextFormat(tokens);
    while (tokens.kind() != TextTokens.Kind.END) {
      parser.field(fields);
    }
    return new Message(List.copyOf(fields));
  }

  private void field(List<TextField> fields) throws ManifestException {
    if (tokens.kind() != TextTokens.Kind.WORD) {
      throw tokens.unexpected("a field name");
    }
    String name = tokens.text();
    tokens.advance();
    boolean colon = tokens.skip(":");
    if (!colon && !isMessageStart() && !tokens.isSymbol("[")) {
      throw tokens.unexpected("':' or '{' after " + name);
    }
    if (tokens.isSymbol("[")) {
      list(name, colon, fields);
    } else {
      fields.add(element(name));
    }
    if (!tokens.skip(",")) {
      tokens.skip(";");
    }
  }

  private void list(String name, boolean colon, List<TextField> fields) throws ManifestException {
    tokens.advance();
    if (tokens.skip("]")) {
      return;
    }
    do {
      if (!colon && !isMessageStart()) {
        throw tokens.unexpected("'{', or ':' before the list");
      }
      fields.add(element(name));
    } while (tokens.skip(","));
    if (!tokens.skip("]")) {
      throw tokens.unexpected("',' or ']'");
    }
  }

  private TextField element(String name) throws ManifestException {
    int line = tokens.line();
    int column = tokens.column();
    return new TextField(name, value(), line, column);
  }

  private boolean isMessageStart() {
    return tokens.isSymbol("{") || tokens.isSymbol("<");
  }

  private Value value() throws ManifestException {
    if (isMessageStart()) {
      return message();
    }
    boolean negative = tokens.skip("-");
    return switch (tokens.kind()) {
      case TEXT -> {
        if (negative) {
          throw tokens.unexpected("a number");
        }
        yield strings();
      }
      case NUMBER -> new TextField.Numeral((negative ? "-" : "") + take());
      case WORD -> negative ? new TextField.Numeral("-" + take()) : new TextField.Word(take());
      case SYMBOL, END -> throw tokens.unexpected("a value");
    };
  }

  private String take() throws ManifestException {
    String text = tokens.text();
    tokens.advance();
    return text;
  }

  /** Strings side by side are one, as in C. */
  private Value strings() throws ManifestException {
    StringBuilder text = new StringBuilder();
    while (tokens.kind() == TextTokens.Kind.TEXT) {
      text.append(tokens.text());
      tokens.advance();
    }
    return new TextField.Text(text.toString());
  }

  private Value message() throws ManifestException {
    if (++depth > MAX_DEPTH) {
      throw tokens.unexpected("at most " + MAX_DEPTH + " messages in each other");
    }
    String end = tokens.isSymbol("{") ? "}" : ">";
    tokens.advance();
    List<TextField> fields = new ArrayList<>();
    while (!tokens.skip(end)) {
      if (tokens.kind() != TextTokens.Kind.WORD) {
        throw tokens.unexpected("a field name or '" + end + "'");
      }
      field(fields);
    }
    depth--;
    return new Message(List.copyOf(fields));
  }
}
