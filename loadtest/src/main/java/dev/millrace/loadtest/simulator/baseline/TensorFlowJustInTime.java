// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;

/**
 * TensorFlow's just-in-time batch scheduler, with one batch ready ahead, as it is by default.
 *
 * <p>A thread closes a batch of all that fits as soon as no batch is ready, and a device that gets
 * idle takes the ready one. So the second request of a burst, which finds the devices busy and
 * nothing ready, is closed as a batch of 1, and all behind it wait for one run more. A full queue
 * refuses; there is no timer.
 *
 * <p>Not modelled: criticality and preemption of the less critical. The original takes equals from
 * a heap in no particular order; here they are taken first come, first served. Another shape closes
 * the batch.
 */
public final class TensorFlowJustInTime implements Scheduler {
  private final int maxBatch;
  private final int maxQueueSize;
  private final Lane queue = new Lane();
  private List<SimRequest> ready = List.of();

  /**
   * @param maxBatch rows of a batch at most; a larger request is refused
   * @param maxQueueSize in requests, those of the ready batch not counted; there 1000 by default
   */
  public TensorFlowJustInTime(int maxBatch, int maxQueueSize) {
    this.maxBatch = Check.positive("max batch", maxBatch);
    this.maxQueueSize = Check.positive("max queue size", maxQueueSize);
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    if (queue.size() >= maxQueueSize || request.rows() > maxBatch) {
      request.refused(nowNanos);
      return;
    }
    queue.addLast(request);
    assemble();
  }

  @Override
  public Move next(long nowNanos, int replica) {
    if (ready.isEmpty()) {
      return Move.IDLE;
    }
    Move run = new Move.Run(ready);
    ready = List.of();
    assemble();
    return run;
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }

  private void assemble() {
    if (ready.isEmpty() && !queue.isEmpty()) {
      ready = queue.take(queue.prefix(maxBatch));
    }
  }
}
