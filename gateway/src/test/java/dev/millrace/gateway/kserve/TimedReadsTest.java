// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A connection whose socket always has more to read, and a clock that the test moves. */
class TimedReadsTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private long nowNanos = 1;
  private final ExtendedHandle reads = new TimedReads(() -> nowNanos).newHandle();

  @BeforeEach
  void beginARound() {
    reads.reset(channel.config());
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  /** Fills one read; answers whether the connection may go on reading. */
  private boolean read(long nanosPerByteTimes1000) {
    int bytes = reads.guess();
    reads.attemptedBytesRead(bytes);
    reads.lastBytesRead(bytes);
    reads.incMessagesRead(1);
    nowNanos += bytes * nanosPerByteTimes1000 / 1000;
    return reads.continueReading(() -> true);
  }

  private int readsOfARound(long nanosPerByteTimes1000) {
    reads.reset(channel.config());
    int count = 1;
    while (read(nanosPerByteTimes1000)) {
      count++;
    }
    return count;
  }

  @Test
  void growsToTheMostWhereBytesCostLittle() {
    for (int round = 0; round < 10; round++) {
      readsOfARound(1);
    }

    assertThat(reads.guess()).isEqualTo(TimedReads.MOST_READ_BYTES);
  }

  @Test
  void readsNoMoreThanTheShareOfTimeAllowsWhereBytesAreRequests() {
    for (int round = 0; round < 20; round++) {
      readsOfARound(20_000);
    }
    long begin = nowNanos;

    readsOfARound(20_000);

    assertThat(reads.guess() * 20L).isLessThanOrEqualTo(TimedReads.SHARE_NANOS * 11 / 10);
    assertThat(nowNanos - begin).isLessThan(2 * TimedReads.SHARE_NANOS);
  }

  @Test
  void readsAFewRequestsHoweverLongTheyTake() {
    for (int round = 0; round < 20; round++) {
      readsOfARound(10_000_000);
    }

    assertThat(reads.guess()).isEqualTo(TimedReads.LEAST_BOUND_BYTES);
    assertThat(readsOfARound(10_000_000)).isEqualTo(1);
  }

  @Test
  void growsAgainWhenBytesBecomeCheap() {
    for (int round = 0; round < 20; round++) {
      readsOfARound(10_000_000);
    }
    for (int round = 0; round < 100; round++) {
      readsOfARound(1);
    }

    assertThat(reads.guess()).isEqualTo(TimedReads.MOST_READ_BYTES);
  }

  @Test
  void goesOnToTheNextConnectionWhenTheShareIsUsedUp() {
    nowNanos = 5;
    reads.attemptedBytesRead(100);
    reads.lastBytesRead(100);
    reads.incMessagesRead(1);
    nowNanos += TimedReads.SHARE_NANOS;

    assertThat(reads.continueReading(() -> true)).isFalse();
    reads.reset(channel.config());
    reads.attemptedBytesRead(100);
    reads.lastBytesRead(100);
    reads.incMessagesRead(1);
    assertThat(reads.continueReading(() -> true)).isTrue();
  }
}
