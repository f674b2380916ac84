// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class RoundsTest {
  private final Stop stop = new Stop();
  private final List<String> order = new ArrayList<>();
  private final Contestant<Integer> a = contestant("a");
  private final Contestant<Integer> b = contestant("b");

  private Contestant<Integer> contestant(String name) {
    return new Contestant<>(
        name,
        () -> {
          order.add(name);
          return order.size();
        });
  }

  private Rounds play(int rounds) throws Exception {
    return Rounds.play("test", rounds, List.of(a, b), stop, Observer.NONE);
  }

  @Test
  void eachRoundTurnsTheOrderAround() throws Exception {
    Rounds rounds = play(3);

    assertThat(order).containsExactly("a", "b", "b", "a", "a", "b");
    assertThat(a.turns()).containsExactly(1, 4, 5);
    assertThat(rounds.each(i -> b.turn(i) - a.turn(i))).containsExactly(1.0, -1.0, 1.0);
  }

  @Test
  void aRoundThatIsCutShortDoesNotCount() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Contestant<Integer> ender =
        new Contestant<>(
            "ender",
            () -> {
              if (calls.incrementAndGet() == 2) {
                stop.ask();
              }
              return calls.get();
            });

    Rounds rounds = Rounds.play("test", 5, List.of(a, b, ender), stop, Observer.NONE);

    // in the second round the ender has the first turn
    assertThat(rounds.played()).isEqualTo(1);
    assertThat(a.turns()).hasSize(1);
    assertThat(ender.turns()).hasSize(1);
  }

  @Test
  void withoutARoundThereIsNothing() {
    stop.ask();

    assertThatThrownBy(() -> play(3)).isInstanceOf(Ended.class);
  }
}
