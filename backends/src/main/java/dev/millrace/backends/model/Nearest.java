// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that somebody probably meant: what to say about an unknown key. */
public final class Nearest {

  /** More names than this are no help in a message. */
  private static final int LISTED_NAMES = 16;

  private Nearest() {}

  /**
   * The known name closest to {@code name} by edits of one character; empty if a third or more of
   * it would have to change, since such a guess confuses more than it helps.
   */
  public static Optional<String> to(String name, Collection<String> known) {
    int allowed = Math.max(1, name.length() / 3);
    String lowerCase = name.toLowerCase(Locale.ROOT);
    Optional<String> nearest = Optional.empty();
    int nearestDistance = allowed + 1;
    for (String candidate : known) {
      if (Math.abs(candidate.length() - name.length()) >= nearestDistance) {
        continue;
      }
      int distance = distance(lowerCase, candidate.toLowerCase(Locale.ROOT));
      if (distance < nearestDistance) {
        nearestDistance = distance;
        nearest = Optional.of(candidate);
      }
    }
    return nearest;
  }

  /** So many known names at most, the closest to {@code name} first, however far they are. */
  public static List<String> first(int most, String name, Collection<String> known) {
    String lowerCase = name.toLowerCase(Locale.ROOT);
    return known.stream()
        .sorted(Comparator.comparingInt(word -> distance(lowerCase, word.toLowerCase(Locale.ROOT))))
        .limit(most)
        .toList();
  }

  /**
   * What to write behind an unknown name: {@code (did you mean 'x'?)}, else the names there are,
   * else nothing if those are many.
   */
  public static String hint(String name, Collection<String> known) {
    return to(name, known)
        .map(nearest -> " (did you mean '" + nearest + "'?)")
        .orElseGet(
            () ->
                known.isEmpty() || known.size() > LISTED_NAMES
                    ? ""
                    : " (expected " + String.join(", ", known) + ")");
  }

  /**
   * Levenshtein's distance, two letters swapped counting once: the commonest slip of all. Three
   * rows of the table at a time.
   */
  private static int distance(String a, String b) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(last[j], row[j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          row[j] = Math.min(row[j], 1 + beforeLast[j - 2]);
        }
      }
      int[] oldest = beforeLast;
      beforeLast = last;
      last = row;
      row = oldest;
    }
    return last[b.length()];
  }
}
