// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

/** The rests of event loops, found by the thread that asks. */
final class LoopRests {
  private final ThreadLocal<LoopRest> ofThisThread =
      ThreadLocal.withInitial(() -> new LoopRest(new CoreSharing(CoreSharing.OF_THIS_THREAD)));

  LoopRest current() {
    return ofThisThread.get();
  }
}
