// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.Message;
import dev.millrace.backends.json.JsonText;
import dev.millrace.gateway.admin.AnswerJson;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Supplier;

/** The one place where it is decided in which form an answer of the administration is printed. */
final class AnswerPrinter {
  private final OutputFormat format;
  private final PrintWriter out;

  AnswerPrinter(OutputFormat format, PrintWriter out) {
    this.format = format;
    this.out = out;
  }

  /**
   * Prints an answer.
   *
   * @param table its lines for people
   */
  void print(Message answer, Supplier<List<String>> table) {
    switch (format) {
      case TABLE -> table.get().forEach(out::println);
      case JSON -> out.print(AnswerJson.print(answer));
      case YAML -> printYaml(answer);
    }
    out.flush();
  }

  /** Prints one of many: JSON on a line of its own, as programs read it while they come. */
  void printOneOfMany(Message answer, Supplier<String> line) {
    switch (format) {
      case TABLE -> out.println(line.get());
      case JSON -> out.println(AnswerJson.printLine(answer));
      case YAML -> printYaml(answer);
    }
    out.flush();
  }

  private void printYaml(Message answer) {
    out.print(YamlText.write(JsonText.parse(AnswerJson.print(answer))));
  }
}
