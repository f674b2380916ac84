// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class CaptureLockTest {

  @Test
  @SuppressWarnings("LockNotBeforeTry") // taken and given back in steps: that is what is tested
  void aCaptureWaitsForOtherCallsAndThoseForIt() throws Exception {
    AtomicBoolean captures = new AtomicBoolean();
    AtomicBoolean mayEnd = new AtomicBoolean();
    Lock shared = CaptureLock.shared();
    shared.lock();
    FutureTask<Boolean> capture =
        new FutureTask<>(
            () -> {
              Lock alone = CaptureLock.lockAlone();
              try {
                captures.set(true);
                await().untilTrue(mayEnd);
                return true;
              } finally {
                alone.unlock();
              }
            });
    Thread.ofPlatform().start(capture);
    await()
        .pollInSameThread()
        .pollDelay(Duration.ofMillis(400)) // it waits in line by now, for a while
        .until(shared::tryLock);
    shared.unlock();
    assertThat(captures).isFalse();

    shared.unlock();
    await().untilTrue(captures);
    assertThat(shared.tryLock()).isFalse();

    mayEnd.set(true);
    assertThat(capture.get()).isTrue();
    assertThat(shared.tryLock()).isTrue();
    shared.unlock();
  }
}
