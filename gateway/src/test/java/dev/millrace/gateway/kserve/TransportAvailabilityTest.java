// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.gateway.config.TransportKind;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class TransportAvailabilityTest {
  @Test
  void saysWhatIsMissingAndWhy() {
    UnsatisfiedLinkError cause = new UnsatisfiedLinkError("io_uring_setup: not permitted");

    assertThatThrownBy(() -> Transport.require(TransportKind.IO_URING, false, cause))
        .isInstanceOf(IOException.class)
        .hasMessage("transport: 'io_uring' is not available here: io_uring_setup: not permitted");
  }

  @Test
  void isContentWithWhatIsThere() {
    assertThatCode(() -> Transport.require(TransportKind.EPOLL, true, null))
        .doesNotThrowAnyException();
  }
}
