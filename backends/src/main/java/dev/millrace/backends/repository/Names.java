// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Optional;
import java.util.regex.Pattern;

/** What the names of a repository's files and folders say about them. */
final class Names {

  static final String MODEL_YAML = "model.yaml";
  static final String CONFIG_PBTXT = "config.pbtxt";
  static final String ONNX = ".onnx";

  /**
   * A model's name becomes part of URLs, metric labels, log lines and folder names: letters that
   * are plain in all of those. 128 characters: with a version and a counter, still a file name.
   */
  private static final Pattern MODEL = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

  /** Triton ignores a leading 0 too. 18 digits always fit a long. */
  private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,17}");

  private static final int SHOWN_LETTERS = 200;

  private Names() {}

  /** Why a model cannot have this name, if so. */
  static Optional<String> modelNameProblem(String name) {
    return MODEL.matcher(name).matches()
        ? Optional.empty()
        : Optional.of(
            "model name "
                + quoted(name)
                + " (expected 1..128 of the letters A-Z a-z 0-9 _ - . and neither - nor . first)");
  }

  static boolean isVersion(String name) {
    return VERSION.matcher(name).matches();
  }

  /** Files that are nobody's model: those of tools, version control and file systems. */
  static boolean isHidden(String name) {
    return name.startsWith(".") || name.equals("lost+found");
  }

  /** Content on its way in, by the names that copying tools give it until it is complete. */
  static boolean isPartial(String name) {
    return name.endsWith(".part")
        || name.endsWith(".partial")
        || name.endsWith(".filepart")
        || name.endsWith(".tmp")
        || name.endsWith("~");
  }

  static boolean isIgnored(String name) {
    return isHidden(name) || isPartial(name);
  }

  /** Why a configuration cannot name this file as the model's, if so. */
  static Optional<String> fileNameProblem(String name) {
    if (name.isBlank() || name.contains("/") || name.contains("\\") || isIgnored(name)) {
      return Optional.of(
          quoted(name) + " (expected the plain name of a file in the version folder)");
    }
    return Optional.empty();
  }

  /** The text in quotes and {@link #printable}. */
  static String quoted(String text) {
    return "'" + printable(text) + "'";
  }

  /** The text with nothing in it that a terminal or a log would act on, and not too much of it. */
  static String printable(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(SHOWN_LETTERS)
        .forEach(
            c -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                out.append(String.format("\\u%04x", c));
              } else {
                out.appendCodePoint(c);
              }
            });
    return text.length() > SHOWN_LETTERS ? out.append("...").toString() : out.toString();
  }
}
