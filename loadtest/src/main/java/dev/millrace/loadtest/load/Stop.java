// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A wish to end early, as Ctrl-C expresses it: whoever measures sees it and returns what there is
 * so far. Once asked, it stays so. Any thread.
 */
public final class Stop {
  private final CountDownLatch asked = new CountDownLatch(1);

  public void ask() {
    asked.countDown();
  }

  public boolean isAsked() {
    return asked.getCount() == 0;
  }

  /** Waits so long, or until asked; returns whether it was asked. */
  public boolean await(long nanos) throws InterruptedException {
    return asked.await(nanos, TimeUnit.NANOSECONDS);
  }
}
