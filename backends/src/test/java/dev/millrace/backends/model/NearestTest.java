// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NearestTest {
  private static final List<String> KNOWN = List.of("replicas", "required", "threads");

  @Test
  void findsWhatDiffersByALetterOrTwo() {
    assertThat(Nearest.to("replica", KNOWN)).contains("replicas");
    assertThat(Nearest.to("thraeds", KNOWN)).contains("threads");
    assertThat(Nearest.to("Required", KNOWN)).contains("required");
  }

  @Test
  void doesNotGuessWildly() {
    assertThat(Nearest.to("timeout", KNOWN)).isEmpty();
    assertThat(Nearest.to("x", KNOWN)).isEmpty();
    assertThat(Nearest.to("", KNOWN)).isEmpty();
    assertThat(Nearest.to("replicas", List.of())).isEmpty();
  }

  @Test
  void findsTheNearestOfSeveral() {
    assertThat(Nearest.to("abcdefgx", List.of("abcdefyz", "abcdefgh"))).contains("abcdefgh");
  }

  @Test
  void countsTwoLettersSwappedAsOneSlip() {
    assertThat(Nearest.to("FP23", List.of("FP16", "FP32"))).contains("FP32");
  }

  @Test
  void hintsAtOneElseListsAFew() {
    assertThat(Nearest.hint("replica", KNOWN)).isEqualTo(" (did you mean 'replicas'?)");
    assertThat(Nearest.hint("timeout", KNOWN)).isEqualTo(" (expected replicas, required, threads)");
    assertThat(Nearest.hint("timeout", List.of())).isEmpty();
  }
}
