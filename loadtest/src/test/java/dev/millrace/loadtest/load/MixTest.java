// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class MixTest {
  private static final Workload THREE =
      new Workload(List.of(variant("a", 1), variant("b", 1), variant("c", 2)), AnswerCheck.NONE);

  private static Variant variant(String name, double weight) {
    return new Variant(name, name, 1, new byte[0], weight);
  }

  private static List<Integer> first(Mix mix, int count) {
    return IntStream.range(0, count).map(i -> mix.next()).boxed().toList();
  }

  private static long count(List<Integer> order, int variant) {
    return order.stream().filter(v -> v == variant).count();
  }

  @Test
  void inTurnEachComesAsRegularlyAsItsWeightAllows() {
    assertThat(first(new Mix(THREE, 0, 1), 8)).containsExactly(2, 0, 1, 2, 2, 0, 1, 2);
  }

  @Test
  void atRandomTheSharesAreTheSameAndTheOrderIsTheSeeds() {
    List<Integer> order = first(new Mix(THREE.inRandomOrder(), 0, 1), 4032);

    assertThat(count(order, 0)).isEqualTo(1008);
    assertThat(count(order, 2)).isEqualTo(2016);
    assertThat(order).isEqualTo(first(new Mix(THREE.inRandomOrder(), 0, 1), 4032));
    assertThat(order).isNotEqualTo(first(new Mix(THREE.inRandomOrder(), 0, 2), 4032));
    // of a random order half of the neighbours of c are c; in turn far fewer
    long pairs =
        IntStream.range(1, order.size())
            .filter(i -> order.get(i) == 2 && order.get(i - 1) == 2)
            .count();
    assertThat(pairs).isBetween(900L, 1120L);
  }
}
