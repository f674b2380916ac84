// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RowCapTest {
  private static final long SECOND = 1_000_000_000;

  private final RowCap cap = new RowCap(32);

  @Test
  void isTheLimitUntilABatchDoesNotFit() {
    assertThat(cap.rowsAt(5 * SECOND)).isEqualTo(32);
  }

  @Test
  void isHalfOfWhatDidNotFitForAWhile() {
    cap.didNotFit(32, 5 * SECOND);

    assertThat(cap.rowsAt(5 * SECOND)).isEqualTo(16);
    assertThat(cap.rowsAt(34 * SECOND)).isEqualTo(16);
    assertThat(cap.rowsAt(36 * SECOND)).isEqualTo(32);
  }

  @Test
  void fallsWithTheHalvesButNotBelowOneAndDoesNotRiseMeanwhile() {
    cap.didNotFit(32, 0);
    cap.didNotFit(16, 0);
    assertThat(cap.rowsAt(0)).isEqualTo(8);

    cap.didNotFit(30, SECOND); // was closed before
    assertThat(cap.rowsAt(SECOND)).isEqualTo(8);

    cap.didNotFit(1, SECOND);
    assertThat(cap.rowsAt(SECOND)).isEqualTo(1);
  }
}
