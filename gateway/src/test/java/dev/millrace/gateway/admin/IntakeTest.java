// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is let in while a gateway stops. */
@Timeout(60)
class IntakeTest {
  private final Intake intake = new Intake();

  @Test
  void nothingIsTakenAfterItIsClosed() {
    intake.close();

    assertThatThrownBy(intake::enter)
        .hasMessage("UNAVAILABLE: the gateway is stopping: its administration takes no more calls");
  }

  @Test
  void whatIsUnderWayIsWaitedFor() throws Exception {
    intake.enter();
    intake.close();
    assertThat(intake.awaitQuiet(0)).isFalse();

    Thread ending = Thread.ofPlatform().start(intake::leave);
    assertThat(intake.awaitQuiet(TimeUnit.SECONDS.toNanos(30))).isTrue();
    ending.join();
  }
}
