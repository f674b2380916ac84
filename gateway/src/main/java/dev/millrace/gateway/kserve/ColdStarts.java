// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How many requests wait for models that are loaded when they are called. Any thread. */
final class ColdStarts {
  /** Between two looks at whether the model is there: short beside any load. */
  static final long LOOK_MILLIS = 5;

  /** A minute: longer than most models take to load. A call ends sooner by its own deadline. */
  static final int LOOKS = 12_000;

  private static final int MAX_REQUESTS = 4_096;
  private static final long MAX_BYTES = 256L << 20;

  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  /** Whether one more may wait; if so, it is to {@link #leave}. */
  boolean enter(long requestBytes) {
    boolean isOneOfSoMany = requests.incrementAndGet() <= MAX_REQUESTS;
    boolean fits = bytes.addAndGet(requestBytes) <= MAX_BYTES && isOneOfSoMany;
    if (!fits) {
      leave(requestBytes);
    }
    return fits;
  }

  void leave(long requestBytes) {
    requests.decrementAndGet();
    bytes.addAndGet(-requestBytes);
  }
}
