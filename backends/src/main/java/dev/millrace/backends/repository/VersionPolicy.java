// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Set;

/** Which versions of a model are to be served. */
public sealed interface VersionPolicy {

  /** What to look for where no aliases are known. */
  static VersionPolicy of(VersionSelector selector) {
    return selector instanceof VersionSelector.Exactly exactly
        ? new Specific(Set.of(exactly.version()))
        : new Latest(1);
  }

  /** The {@code count} highest version numbers. */
  record Latest(int count) implements VersionPolicy {}

  /** Every version there is. */
  record All() implements VersionPolicy {}

  /** These and no others; one that is missing is reported. */
  record Specific(Set<Long> versions) implements VersionPolicy {}
}
