// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which versions answer for a name, and what part of the requests each gets. Immutable.
 *
 * <p>Requests fall onto {@value #POINTS} points; each version has a range of them, in the order of
 * the shares. A version that gains points takes them from its successor in the list, so what stays
 * with a point (a user, say) changes its version at most once in a rollout.
 *
 * @param shares of all points; none if nothing serves
 */
public record Traffic(List<Share> shares) {
  /** All of the traffic. */
  public static final int POINTS = 10_000;

  public static final Traffic NONE = new Traffic(List.of());

  /** What one version gets. */
  public record Share(long version, int points) {}

  public Traffic {
    shares = List.copyOf(shares);
    int sum = shares.stream().mapToInt(Share::points).sum();
    if (!shares.isEmpty() && sum != POINTS) {
      throw new IllegalArgumentException(sum + " points (expected " + POINTS + ")");
    }
  }

  /** Everything to one version. */
  public static Traffic all(long version) {
    return new Traffic(List.of(new Share(version, POINTS)));
  }

  /** By version and percent, which make 100. Versions of equal number are one. */
  public static Traffic ofPercent(Map<Long, Integer> percents) {
    List<Share> shares = new ArrayList<>();
    new TreeMap<>(percents)
        .forEach((version, percent) -> shares.add(new Share(version, percent * POINTS / 100)));
    return new Traffic(shares);
  }

  /** A part of this one's given to the other. */
  public Traffic giving(int percent, Traffic other) {
    if (percent >= 100 || shares.isEmpty()) {
      return other;
    }
    if (percent <= 0 || other.shares.isEmpty()) {
      return this;
    }
    List<Share> mixed = new ArrayList<>();
    int given = scale(other, percent * POINTS / 100, mixed);
    scale(this, POINTS - given, mixed);
    return new Traffic(mixed);
  }

  /** Adds a traffic's shares of so many points in all; what rounding leaves goes to the last. */
  private static int scale(Traffic traffic, int points, List<Share> to) {
    int left = points;
    for (int i = 0; i < traffic.shares.size(); i++) {
      Share share = traffic.shares.get(i);
      boolean last = i == traffic.shares.size() - 1;
      int scaled = last ? left : share.points * points / POINTS;
      to.add(new Share(share.version, scaled));
      left -= scaled;
    }
    return points;
  }

  /** The version at a point, 0..{@value #POINTS} - 1; there must be one. */
  public long at(int point) {
    int left = point;
    for (Share share : shares) {
      left -= share.points;
      if (left < 0) {
        return share.version;
      }
    }
    return shares.getLast().version;
  }

  /** Those that get something, or are to be there all the same. */
  public SortedSet<Long> versions() {
    SortedSet<Long> versions = new TreeSet<>();
    shares.forEach(share -> versions.add(share.version));
    return versions;
  }

  /** What a version gets, of {@value #POINTS}. */
  public int points(long version) {
    return shares.stream().filter(s -> s.version == version).mapToInt(Share::points).sum();
  }

  public boolean isEmpty() {
    return shares.isEmpty();
  }

  /** "3", or "3: 90 %, 4: 10 %". */
  @Override
  public String toString() {
    if (shares.size() == 1) {
      return Long.toString(shares.getFirst().version);
    }
    StringBuilder text = new StringBuilder();
    for (Share share : shares) {
      text.append(text.isEmpty() ? "" : ", ").append(share.version).append(": ");
      text.append(share.points % 100 == 0 ? "" + share.points / 100 : "" + share.points / 100.0);
      text.append(" %");
    }
    return text.isEmpty() ? "nothing" : text.toString();
  }
}
