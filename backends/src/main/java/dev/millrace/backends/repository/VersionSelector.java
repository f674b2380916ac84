// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Optional;
import java.util.regex.Pattern;

/** Which version of a model is meant: by its number, by an alias that may move, or the latest. */
public sealed interface VersionSelector {

  /** That version and no other. */
  record Exactly(long version) implements VersionSelector {
    @Override
    public String toString() {
      return Long.toString(version);
    }
  }

  /** Whichever version the alias is on at the time. */
  record Alias(String name) implements VersionSelector {
    @Override
    public String toString() {
      return "@" + name;
    }
  }

  /** The version with the highest number at the time. */
  record Latest() implements VersionSelector {
    @Override
    public String toString() {
      return "latest";
    }
  }

  VersionSelector LATEST = new Latest();

  /** Letters that are plain in URLs, shells and file names; not a number, and not "latest". */
  Pattern ALIAS = Pattern.compile("(?!latest$)[A-Za-z_][A-Za-z0-9._-]{0,63}");

  /**
   * Reads {@code 3}, {@code @champion}, {@code latest}, or nothing, which is the latest.
   *
   * @return empty if it is none of these
   */
  static Optional<VersionSelector> parse(String text) {
    if (text.isEmpty() || text.equals("latest")) {
      return Optional.of(LATEST);
    }
    if (text.startsWith("@")) {
      return isAlias(text.substring(1))
          ? Optional.of(new Alias(text.substring(1)))
          : Optional.empty();
    }
    return Names.isVersion(text)
        ? Optional.of(new Exactly(Long.parseLong(text)))
        : Optional.empty();
  }

  /** Whether a model can have this name, and a folder of this name be a model. */
  static boolean isModelName(String name) {
    return Names.modelNameProblem(name).isEmpty() && !Names.isIgnored(name);
  }

  /** Whether a version can have this as an alias. */
  static boolean isAlias(String name) {
    return ALIAS.matcher(name).matches();
  }
}
