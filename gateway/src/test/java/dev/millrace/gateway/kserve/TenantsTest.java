// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.Fairness;
import dev.millrace.gateway.config.GatewayConfig.Sharing;
import io.grpc.Metadata;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class TenantsTest {
  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-team", Metadata.ASCII_STRING_MARSHALLER);

  private static Sharing sharing(String... weighted) {
    SequencedMap<String, Double> weights = new LinkedHashMap<>();
    for (String name : weighted) {
      weights.put(name, weights.size() + 2.0);
    }
    return new Sharing("x-team", weights);
  }

  private static Metadata named(String name) {
    Metadata headers = new Metadata();
    headers.put(HEADER, name);
    return headers;
  }

  @Test
  void withoutAHeaderAllCallsAreNobodys() {
    Tenants tenants = new Tenants(new Sharing("", new LinkedHashMap<>()));

    assertThat(tenants.numberOf(named("gold"))).isZero();
  }

  @Test
  void thoseWithAWeightHaveTheirNumbersInOrder() {
    Sharing sharing = sharing("gold", "silver");
    Tenants tenants = new Tenants(sharing);

    assertThat(tenants.numberOf(named("gold"))).isEqualTo(1);
    assertThat(tenants.numberOf(named("silver"))).isEqualTo(2);
    assertThat(sharing.weightsByNumber()).containsExactly(1, 2, 3);
  }

  @Test
  void theOthersShareWhatIsLeft() {
    Tenants tenants = new Tenants(sharing("gold", "silver"));
    Set<Integer> numbers = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      int number = tenants.numberOf(named("team " + i));
      assertThat(number).isBetween(3, Fairness.TENANTS - 1);
      assertThat(tenants.numberOf(named("team " + i))).isEqualTo(number);
      numbers.add(number);
    }

    assertThat(numbers).hasSize(Fairness.TENANTS - 3);
  }

  @Test
  void oneNumberIsLeftHoweverManyHaveWeights() {
    String[] most = new String[Sharing.MOST_WEIGHTS];
    for (int i = 0; i < most.length; i++) {
      most[i] = "team " + i;
    }
    Tenants tenants = new Tenants(sharing(most));

    assertThat(tenants.numberOf(named("other"))).isEqualTo(Fairness.TENANTS - 1);
    assertThat(Sharing.TENANTS).isEqualTo(Fairness.TENANTS);
  }

  @Test
  void aCallWithoutANameOrWithATooLongOneIsNobodys() {
    Tenants tenants = new Tenants(sharing());

    assertThat(tenants.numberOf(new Metadata())).isZero();
    for (String name : List.of("", "x".repeat(129))) {
      assertThat(tenants.numberOf(named(name))).isZero();
    }
    assertThat(tenants.numberOf(named("x".repeat(128)))).isPositive();
  }
}
