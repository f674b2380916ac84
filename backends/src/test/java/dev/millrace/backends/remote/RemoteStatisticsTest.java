// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.remote.RemoteStatistics.Snapshot;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

final class RemoteStatisticsTest {
  private long nowNanos = 100;
  private final RemoteStatistics statistics = new RemoteStatistics(() -> nowNanos);

  private long unreachableNanos() {
    return statistics.snapshot().unreachableNanos();
  }

  @Test
  void aRegistryIsUnreachableFromItsLastAnswerToItsNext() {
    statistics.reached();
    nowNanos = 150;
    assertThat(unreachableNanos()).as("not asked since").isZero();
    statistics.notReached();
    nowNanos = 180;
    statistics.notReached();
    assertThat(unreachableNanos()).isEqualTo(80);

    statistics.reached();
    assertThat(unreachableNanos()).isZero();
  }

  @Test
  void oneThatWasNeverReachedIsUnreachableFromTheStart() {
    nowNanos = 130;
    statistics.notReached();

    assertThat(unreachableNanos()).isEqualTo(30);
  }

  @Test
  void countsBytesAsTheyAreRead() throws IOException {
    LongAdder also = new LongAdder();
    try (InputStream in = statistics.counting(new ByteArrayInputStream(new byte[10]), also)) {
      assertThat(in.read()).isZero();
      assertThat(in.readNBytes(4)).hasSize(4);
      assertThat(statistics.snapshot().downloadedBytes()).isEqualTo(5);
      in.readAllBytes();
      assertThat(in.read()).isEqualTo(-1);
    }
    assertThat(statistics.snapshot().downloadedBytes()).isEqualTo(10);
    assertThat(also.sum()).isEqualTo(10);
  }

  @Test
  void oneRegistryThatIsAskedInTwoWaysIsAsBadAsTheWorseOfThem() {
    assertThat(new Snapshot(1, 2, 3, 4, 5).plus(new Snapshot(10, 20, 1, 40, 7)))
        .isEqualTo(new Snapshot(11, 22, 3, 44, 7));
  }

  @Test
  void oneThatFailedIsLeftAloneUntilItsTimeHasComeOrItAnswers() {
    statistics.leftAlone(150);
    assertThat(statistics.snapshot().pauseNanos()).isEqualTo(50);
    nowNanos = 160;
    assertThat(statistics.snapshot().pauseNanos()).isZero();
    statistics.leftAlone(200);
    statistics.recovered();

    assertThat(statistics.snapshot().pauseNanos()).isZero();
    assertThat(statistics.snapshot().failures()).isEqualTo(2);
  }
}
