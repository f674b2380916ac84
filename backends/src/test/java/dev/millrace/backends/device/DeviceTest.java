// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class DeviceTest {

  @Test
  void isReadAsItIsWritten() {
    assertThat(Device.of("cpu")).contains(Device.CPU);
    assertThat(Device.of("gpu:1")).contains(Device.gpu(1));
    assertThat(Device.gpu(1)).hasToString("gpu:1");
    assertThat(Device.CPU).hasToString("cpu");
    assertThat(Device.of("gpu")).isEmpty();
    assertThat(Device.of("gpu:-1")).isEmpty();
    assertThat(Device.of("cpu:0")).isEmpty();
  }

  @Test
  void aProcessorHasItsMakersName() {
    assertThat(
            Processor.modelIn(
                Stream.of("processor\t: 0", "model name\t: AMD EPYC", "model name\t: other")))
        .isEqualTo("AMD EPYC");
    assertThat(new Processor("AMD EPYC", 1)).hasToString("AMD EPYC, 1 core");
    assertThat(Processor.ofThisMachine().cores()).isPositive();
  }
}
