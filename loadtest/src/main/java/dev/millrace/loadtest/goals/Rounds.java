// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Rounds in which several contestants are measured by turns, so that whatever else the machine does
 * meets all of them; each round in the opposite order of the one before, so that nobody is always
 * behind the same one.
 *
 * @param played completed by all, at least one
 */
record Rounds(int played) {
  /**
   * Plays them.
   *
   * @throws Ended if the user ended it before the first was complete
   */
  static Rounds play(
      String what, int rounds, List<Contestant<?>> contestants, Stop stop, Observer observer)
      throws IOException, InterruptedException, Ended {
    List<Contestant<?>> order = new ArrayList<>(contestants);
    int played = 0;
    while (played < rounds && playOne(what, played + 1, order, stop, observer)) {
      played++;
      Collections.reverse(order);
    }
    if (played == 0) {
      throw new Ended();
    }
    for (Contestant<?> contestant : contestants) {
      contestant.keep(played);
    }
    return new Rounds(played);
  }

  private static boolean playOne(
      String what, int round, List<Contestant<?>> order, Stop stop, Observer observer)
      throws IOException, InterruptedException {
    for (Contestant<?> contestant : order) {
      if (stop.isAsked()) {
        return false;
      }
      observer.phase("%s, round %d: %s".formatted(what, round, contestant.name()));
      contestant.turn();
    }
    // a turn that was cut short is none
    return !stop.isAsked();
  }

  /** A figure of each round. */
  List<Double> each(IntToDoubleFunction figureOfRound) {
    return IntStream.range(0, played).mapToDouble(figureOfRound).boxed().toList();
  }
}
