// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.proto.admin.v1.AdminProto;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers of the administration as JSON: the same over HTTP and on the command line. */
public final class AnswerJson {
  static final JsonFormat.TypeRegistry TYPES =
      JsonFormat.TypeRegistry.newBuilder()
          .add(AdminProto.getDescriptor().getMessageTypes())
          .build();

  // all fields, those without a value too: readers need not know what is left out
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().usingTypeRegistry(TYPES).alwaysPrintFieldsWithNoPresence();

  /**
   * What the printer escapes for the sake of HTML, which this is not: people read it in terminals,
   * and most messages quote something. An even number of backslashes before it are characters.
   */
  private static final Pattern HTML_ESCAPE =
      Pattern.compile("(?<!\\\\)((?:\\\\\\\\)*)\\\\u00(26|27|3c|3d|3e)");

  private AnswerJson() {}

  /** On several lines, with an end of line. */
  public static String print(Message message) {
    return print(PRINTER, message) + "\n";
  }

  /** On one line, without its end. */
  public static String printLine(Message message) {
    return print(PRINTER.omittingInsignificantWhitespace(), message);
  }

  private static String print(JsonFormat.Printer printer, Message message) {
    try {
      return HTML_ESCAPE
          .matcher(printer.print(message))
          .replaceAll(escape -> Matcher.quoteReplacement(escape.group(1) + character(escape)));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  private static char character(MatchResult escape) {
    return (char) Integer.parseInt(escape.group(2), 16);
  }
}
