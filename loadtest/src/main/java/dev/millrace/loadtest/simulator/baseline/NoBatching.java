// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayDeque;
import java.util.List;

/** First come, first served, one request a run, an unbounded queue. */
public final class NoBatching implements Scheduler {
  private final ArrayDeque<SimRequest> queue = new ArrayDeque<>();

  @Override
  public void offer(long nowNanos, SimRequest request) {
    queue.addLast(request);
  }

  @Override
  public Move next(long nowNanos, int replica) {
    SimRequest first = queue.pollFirst();
    return first == null ? Move.IDLE : new Move.Run(List.of(first));
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }
}
