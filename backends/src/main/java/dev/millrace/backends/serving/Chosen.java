// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/** Which of the repository's models are served: all, or those that were asked for. One thread. */
public final class Chosen {

  /** In place of names, for all that there are. */
  public static final String ALL = "*";

  private final boolean all;

  /** Those that are served or, if all are, those that are not. */
  private final Set<String> names;

  private Chosen(boolean all, Collection<String> names) {
    this.all = all;
    this.names = new HashSet<>(names);
  }

  /** All of them. */
  public static Chosen all() {
    return new Chosen(true, Set.of());
  }

  /** These and no others; {@link #ALL} among them for all. */
  public static Chosen of(Collection<String> names) {
    return names.contains(ALL) ? all() : new Chosen(false, names);
  }

  boolean contains(String name) {
    return all != names.contains(name);
  }

  void add(String name) {
    if (all) {
      names.remove(name);
    } else {
      names.add(name);
    }
  }

  void remove(String name) {
    if (all) {
      names.add(name);
    } else {
      names.remove(name);
    }
  }
}
