// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.proto.admin.v1.AdminProto;

/** Answers of the administration as JSON: the same over HTTP and on the command line. */
public final class AnswerJson {
  static final JsonFormat.TypeRegistry TYPES =
      JsonFormat.TypeRegistry.newBuilder()
          .add(AdminProto.getDescriptor().getMessageTypes())
          .build();

  // all fields, those without a value too: readers need not know what is left out
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().usingTypeRegistry(TYPES).alwaysPrintFieldsWithNoPresence();

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
      return printer.print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
