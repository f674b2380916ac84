// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.RunsInFlight;
import org.junit.jupiter.api.Test;

class SharedDeviceTest {
  private final SharedDevice device = new SharedDevice(0);
  private final long[] first = new long[RunsInFlight.LENGTH];
  private final long[] second = new long[RunsInFlight.LENGTH];

  @Test
  void knowsOfEachRunHowLongItHadWhatCompany() {
    device.start(100, first, false);
    device.start(130, second, false);
    device.end(180, first);
    device.end(200, second);

    assertThat(first).startsWith(0, 30, 50, 0);
    assertThat(second).startsWith(0, 20, 50, 0);
    assertThat(device.running()).isZero();
  }

  @Test
  void countsNothingOfWhatWasBefore() {
    device.start(100, second, false);
    device.end(1000, second);
    device.start(2000, first, false);
    device.end(2010, first);

    assertThat(first).startsWith(0, 10, 0);
  }

  @Test
  void anEndThatIsSeenLateCountsFromTheLastStart() {
    device.start(100, first, false);
    device.start(200, second, false);
    device.end(150, first);
    device.end(300, second);

    assertThat(first).startsWith(0, 100, 0);
    assertThat(second).startsWith(0, 100, 0);
  }

  @Test
  void hasRoomUpToTheLimit() {
    assertThat(device.isOpen(1)).isTrue();

    device.start(100, first, false);

    assertThat(device.isOpen(1)).isFalse();
    assertThat(device.isOpen(2)).isTrue();
  }

  @Test
  void hasNoRoomBesideABatchThatNeedsItForItself() {
    device.start(100, first, true);
    assertThat(device.isOpen(2)).isFalse();

    device.end(200, first);
    assertThat(device.isOpen(1)).isTrue();
  }
}
