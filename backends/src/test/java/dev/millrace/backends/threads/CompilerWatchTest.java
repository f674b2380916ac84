// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class CompilerWatchTest {
  private final AtomicLong compiled = new AtomicLong(1_000);
  private final AtomicInteger given = new AtomicInteger();
  private final CompilerWatch watch = new CompilerWatch(compiled::get, given::incrementAndGet);

  @Test
  void compilersGiveWayAfterTwoCalmPeriodsInARow() {
    assertThat(lookAfter(4_000)).isFalse();
    assertThat(lookAfter(50)).isFalse();
    assertThat(lookAfter(900)).isFalse();
    assertThat(lookAfter(100)).isFalse();
    assertThat(given).hasValue(0);

    assertThat(lookAfter(0)).isTrue();
    assertThat(given).hasValue(1);
  }

  private boolean lookAfter(long millis) {
    compiled.addAndGet(millis);
    return watch.look();
  }
}
