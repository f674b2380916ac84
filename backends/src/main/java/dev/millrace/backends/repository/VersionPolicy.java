// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Set;

/** Which versions of a model are to be served. */
public sealed interface VersionPolicy {

  /** The {@code count} highest version numbers. */
  record Latest(int count) implements VersionPolicy {}

  /** Every version there is. */
  record All() implements VersionPolicy {}

  /** These and no others; one that is missing is reported. */
  record Specific(Set<Long> versions) implements VersionPolicy {}
}
