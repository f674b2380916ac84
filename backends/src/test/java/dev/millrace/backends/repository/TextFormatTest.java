// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.repository.TextField.Message;
import dev.millrace.backends.repository.TextField.Numeral;
import dev.millrace.backends.repository.TextField.Text;
import dev.millrace.backends.repository.TextField.Word;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TextFormatTest {

  private static List<TextField> parse(String source) throws ManifestException {
    return TextFormat.parse("f", source).fields();
  }

  private static TextField.Value value(String source) throws ManifestException {
    List<TextField> fields = parse("x: " + source);
    assertThat(fields).hasSize(1);
    return fields.getFirst().value();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a { b: 1 c: 2 }",
        "a: { b: 1 c: 2 }",
        "a < b: 1 c: 2 >",
        "a: < b: 1, c: 2, >",
        "a{b:1;c:2;};",
        "a [ { b: 1 c: 2 } ]",
        "a: [ { b: [1], c: 2 } ],",
        "# first\na { # second\n b: 1 # third\n c: 2 }# last",
      })
  void readsAMessageHoweverItIsWritten(String source) throws ManifestException {
    assertThat(parse(source)).extracting(TextField::name).containsExactly("a");
    Message message = (Message) parse(source).getFirst().value();
    assertThat(message.fields())
        .extracting(TextField::name, TextField::value)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("b", new Numeral("1")),
            org.assertj.core.groups.Tuple.tuple("c", new Numeral("2")));
  }

  @Test
  void aListIsItsFieldOftenAndAnEmptyOneIsNone() throws ManifestException {
    assertThat(parse("a: [1, 2] a: 3 b: []"))
        .extracting(TextField::value)
        .containsExactly(new Numeral("1"), new Numeral("2"), new Numeral("3"));
  }

  @Test
  void knowsWhereAValueBegins() throws ManifestException {
    TextField field = parse("\n\n  a:   5").getFirst();
    assertThat(field.line()).isEqualTo(3);
    assertThat(field.column()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"plain\" | plain",
        "'single \" quotes' | single \" quotes",
        "\"one\" 'two' | onetwo",
        "\"tab\\tquote\\\"back\\\\\" | tab\tquote\"back\\",
        "\"\\101\\x42\\u0043\\U00000044\" | ABCD",
        "\"\\303\\244 ä \\xc3\\xA4\" | ä ä ä",
        "\"# no comment\" | # no comment",
        "\"\\1019\" | A9",
      })
  void readsStrings(String source, String text) throws ManifestException {
    assertThat(value(source)).isEqualTo(new Text(text));
  }

  @Test
  void stringsAreJoinedAcrossLinesAndComments() throws ManifestException {
    assertThat(value("\"a\" # one\n 'b'\n\"c\"")).isEqualTo(new Text("abc"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "17", "-17", "0x1F", "017", "1.5", ".5", "1.", "1e9", "1.5E-3f", "-0X1e"})
  void readsNumbers(String literal) throws ManifestException {
    assertThat(value(literal)).isEqualTo(new Numeral(literal));
  }

  @Test
  void readsSignsAndWords() throws ManifestException {
    assertThat(value("- 5")).isEqualTo(new Numeral("-5"));
    assertThat(value("-inf")).isEqualTo(new Numeral("-inf"));
    assertThat(value("KIND_CPU")).isEqualTo(new Word("KIND_CPU"));
    assertThat(value("true")).isEqualTo(new Word("true"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a 5 | f:1:3: '5' (expected ':' or '{' after a)",
        "a: | f:1:3: the end of the file (expected a value)",
        "a: } | f:1:4: '}' (expected a value)",
        "a { b: 1 | f:1:9: the end of the file (expected a field name or '}')",
        "a { b: 1 > | f:1:10: '>' (expected a field name or '}')",
        "} | f:1:1: '}' (expected a field name)",
        "5: a | f:1:1: '5' (expected a field name)",
        "a: [1 2] | f:1:7: '2' (expected ',' or ']')",
        "a: [1,] | f:1:7: ']' (expected a value)",
        "a [1] | f:1:4: '1' (expected '{', or ':' before the list)",
        "a: \"open | f:1:4: a string without its closing \"",
        "a: \"\\q\" | f:1:6: an unknown escape in a string",
        "a: \"\\xg\" | f:1:7: an escape in a string that names no character",
        "a: \"\\U00110000\" | f:1:15: an escape in a string that names no character",
        "a: -\"s\" | f:1:5: a string (expected a number)",
        "a: 1,, | f:1:6: ',' (expected a field name)",
        "[ext.name]: 1 | f:1:1: '[' (expected a field name)",
        "a: ä | f:1:4: 'ä' (expected a value)",
      })
  void saysWhereItStoppedAndWhatWasExpected(String source, String message) {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> parse(source))
        .withMessage(message);
  }

  @Test
  void stringsEndWithTheirLine() {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> parse("a: 1\nb: \"open\nc: \""))
        .withMessage("f:2:4: a string without its closing \"");
  }

  @Test
  void survivesNestingWithoutEnd() {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> parse("a {".repeat(100_000)))
        .withMessageContaining("at most 32 messages");
  }
}
