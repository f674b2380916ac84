// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PlacementTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"auto", "cpu", "gpu", "gpu:0", "gpu:0,1", "require gpu", "require gpu:2,3"})
  void isWrittenAsItIsRead(String text) {
    assertThat(Placement.of(text)).hasValueSatisfying(p -> assertThat(p).hasToString(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "GPU", "gpu:", "gpu:a", "gpu:0,", "gpu:1000", "require", "require cpu", "tpu"})
  void whatIsNoneIsRefused(String text) {
    assertThat(Placement.of(text)).isEmpty();
  }

  @Test
  void gpusAreCountedOnceAndInOrder() {
    assertThat(Placement.of("gpu:2,0,2")).contains(Placement.onGpus(0, 2));
  }
}
