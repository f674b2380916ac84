// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class EvictionTest {

  /** Models that are their sizes, the one that was not used for longest first. */
  private static List<Long> choose(long missingBytes, Long... leastRecentFirst) {
    return Eviction.choose(List.of(leastRecentFirst), bytes -> bytes, missingBytes);
  }

  @Test
  void theLeastRecentGoFirstUntilThereIsEnough() {
    assertThat(choose(10, 11L, 12L, 13L)).containsExactly(11L);
    assertThat(choose(23, 11L, 12L, 13L)).containsExactly(11L, 12L);
  }

  @Test
  void noneGoesIfAllTogetherDoNotSuffice() {
    assertThat(choose(37, 11L, 12L, 13L)).isEmpty();
    assertThat(choose(1)).isEmpty();
  }

  @Test
  void whatALargerOneMakesNeedlessStays() {
    assertThat(choose(100, 1L, 2L, 100L, 50L)).containsExactly(100L);
    assertThat(choose(101, 1L, 2L, 100L)).containsExactly(1L, 100L);
  }
}
