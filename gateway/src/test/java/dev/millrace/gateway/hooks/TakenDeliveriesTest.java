// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class TakenDeliveriesTest {
  private final TakenDeliveries taken = new TakenDeliveries(600);

  private void assertRefused(HookOutcome outcome, ThrowingCallable call) {
    assertThatExceptionOfType(RefusedException.class)
        .isThrownBy(call)
        .extracting(RefusedException::outcome)
        .isEqualTo(outcome);
  }

  @Test
  void takesEachOnceForAsLongAsItIsKept() throws RefusedException {
    taken.take("a", 0);
    taken.take("b", 10);

    assertRefused(HookOutcome.REPLAYED, () -> taken.take("a", 600));
    assertThatCode(() -> taken.take("a", 601)).doesNotThrowAnyException();
    assertRefused(HookOutcome.REPLAYED, () -> taken.take("b", 601));
  }

  @Test
  void remembersSoManyAndRefusesMoreUntilSomeAreForgotten() throws RefusedException {
    for (int i = 0; i < TakenDeliveries.MOST; i++) {
      taken.take("id" + i, i == 0 ? 0 : 1);
    }

    assertRefused(HookOutcome.TOO_MANY, () -> taken.take("more", 600));
    taken.take("more", 601);
    assertRefused(HookOutcome.TOO_MANY, () -> taken.take("another", 601));
  }
}
