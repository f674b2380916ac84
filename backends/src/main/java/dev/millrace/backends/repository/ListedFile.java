// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.regex.Pattern;

/**
 * A file as a registry on another machine lists it.
 *
 * @param name below the model's folder, with slashes
 * @param size in bytes
 * @param modifiedMillis when it last changed; 0 if the registry does not say
 * @param revision another one for another content
 */
public record ListedFile(String name, long size, long modifiedMillis, String revision) {

  /** What can become a file's name here, and leads nowhere else. */
  private static final Pattern PLAIN =
      Pattern.compile(
          "(?!\\.{1,2}(/|$))[^/\\\\\\p{Cntrl}]+(/(?!\\.{1,2}(/|$))[^/\\\\\\p{Cntrl}]+)*");

  boolean isPlain() {
    return name.length() <= 1024 && PLAIN.matcher(name).matches();
  }

  /** The name directly in the model's folder. */
  String top() {
    int slash = name.indexOf('/');
    return slash < 0 ? name : name.substring(0, slash);
  }

  boolean isInFolder() {
    return name.indexOf('/') >= 0;
  }
}
