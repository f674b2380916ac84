// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is written, and where to. */
final class OutputFlags {
  static final String STANDARD_OUTPUT = "-";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the report as JSON, in ghz's form; - is standard output.")
  @Nullable String json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write the report as a page with plots.")
  @Nullable String html;

  @Option(names = "--quiet", description = "Print the report only, nothing meanwhile.")
  boolean quiet;

  /** A measurement of minutes must not end in a file that cannot be written. */
  void check(Problems problems) {
    if (json != null && !json.equals(STANDARD_OUTPUT)) {
      checkFile("--json", json, problems);
    }
    if (html != null) {
      checkFile("--html", html, problems);
    }
  }

  static void checkFile(String option, String file, Problems problems) {
    Path path = Path.of(file).toAbsolutePath();
    Path folder = path.getParent();
    if (Files.isDirectory(path)) {
      problems.add("%s %s: a folder (expected a file)".formatted(option, file));
    } else if (folder != null && !Files.isWritable(folder)) {
      problems.add(
          "%s %s: %s cannot be written to (expected a folder that can)"
              .formatted(option, file, folder));
    }
  }
}
