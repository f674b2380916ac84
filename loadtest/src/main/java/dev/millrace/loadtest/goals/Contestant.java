// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** One of those that are measured by turns, and what it did in its turns so far. */
final class Contestant<T> {
  /** One turn. */
  interface Measuring<T> {
    T measure() throws IOException, InterruptedException;
  }

  private final String name;
  private final Measuring<T> measuring;
  private final List<T> turns = new ArrayList<>();

  Contestant(String name, Measuring<T> measuring) {
    this.name = name;
    this.measuring = measuring;
  }

  String name() {
    return name;
  }

  void turn() throws IOException, InterruptedException {
    turns.add(measuring.measure());
  }

  /** Forgets turns of rounds that were not completed. */
  void keep(int rounds) {
    turns.subList(rounds, turns.size()).clear();
  }

  T turn(int round) {
    return turns.get(round);
  }

  List<T> turns() {
    return List.copyOf(turns);
  }

  List<Double> each(ToDoubleFunction<T> figure) {
    return turns.stream().map(figure::applyAsDouble).toList();
  }
}
