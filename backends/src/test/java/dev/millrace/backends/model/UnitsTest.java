// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UnitsTest {
  @ParameterizedTest
  @CsvSource({"250us,250000", "500ms,500000000", "2s,2000000000", "1m,60000000000", "0s,0"})
  void readsDurations(String text, long nanos) {
    assertThat(Units.nanos(text)).hasValue(nanos);
  }

  @ParameterizedTest
  @CsvSource({
    "17,17",
    "1B,1",
    "64KiB,65536",
    "64kib,65536",
    "256 MiB,268435456",
    "1GiB,1073741824"
  })
  void readsSizes(String text, long bytes) {
    assertThat(Units.bytes(text)).hasValue(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "s", "-1s", "1.5s", "2 days", "1s 2s"})
  void refusesWhatIsNoDuration(String text) {
    assertThat(Units.nanos(text)).isEmpty();
  }

  // a megabyte is 1000000 bytes to some and 1048576 to others
  @ParameterizedTest
  @ValueSource(strings = {"", "MiB", "1MB", "1K", "-1", "1.5MiB"})
  void refusesWhatIsNoSize(String text) {
    assertThat(Units.bytes(text)).isEmpty();
  }

  @Test
  void anAmountBeyondALongIsTheLargestOne() {
    assertThat(Units.bytes("99999999999999999GiB")).hasValue(Long.MAX_VALUE);
    assertThat(Units.nanos("9999999999999h")).hasValue(Long.MAX_VALUE);
  }

  @Test
  void showsTheLargestUnitWithoutAFraction() {
    assertThat(Units.show(Duration.ofHours(2))).isEqualTo("2h");
    assertThat(Units.show(Duration.ofMillis(1500))).isEqualTo("1500ms");
    assertThat(Units.show(Duration.ZERO)).isEqualTo("0s");
    assertThat(Units.show(1 << 20)).isEqualTo("1MiB");
    assertThat(Units.show(1500)).isEqualTo("1500");
    assertThat(Units.show(0)).isEqualTo("0");
  }
}
