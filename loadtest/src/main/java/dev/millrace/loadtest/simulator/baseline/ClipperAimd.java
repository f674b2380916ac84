// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;

/**
 * Clipper's adaptive batching: a queue for each replica, and a largest batch that each learns by
 * additive increase and multiplicative decrease.
 *
 * <p>An idle replica runs what waits in its own queue, up to its largest batch. A full batch that
 * ran within the SLO lets the next be larger by a step; one that ran longer lets it shrink by a
 * tenth. The run alone is held against the SLO, not the time in the queue; nothing is dropped, and
 * no replica helps another.
 *
 * <p>The paper does not say how requests are spread; here each goes to the replica with the fewest
 * rows, waiting and running, which is kinder than turns. Not modelled: quantile regression and the
 * exploration of the shipped code, delayed batching, caching. Another shape ends the batch.
 */
public final class ClipperAimd implements Scheduler {
  /** As the paper has it: back off by 10 %, since the best batch changes little. */
  private static final double BACK_OFF = .9;

  private final long sloNanos;
  private final int maxBatch;
  private final int step;
  private final Lane[] queues;
  private final int[] rows; // of each replica, waiting and running
  private final int[] largest;

  /**
   * @param maxBatch which no replica learns to exceed; a larger request runs alone
   * @param step rows by which the largest batch grows
   */
  public ClipperAimd(int replicas, long sloNanos, int maxBatch, int step) {
    this.sloNanos = sloNanos;
    this.maxBatch = Check.positive("max batch", maxBatch);
    this.step = Check.positive("step", step);
    this.queues = new Lane[Check.positive("replicas", replicas)];
    this.rows = new int[replicas];
    this.largest = new int[replicas];
    for (int i = 0; i < replicas; i++) {
      queues[i] = new Lane();
      largest[i] = 1;
    }
  }

  /** The rows that a batch of the replica may have now. */
  int largest(int replica) {
    return largest[replica];
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    int least = 0;
    for (int i = 1; i < rows.length; i++) {
      if (rows[i] < rows[least]) {
        least = i;
      }
    }
    rows[least] += request.rows();
    queues[least].addLast(request);
  }

  @Override
  public Move next(long nowNanos, int replica) {
    Lane queue = queues[replica];
    return queue.isEmpty() ? Move.IDLE : new Move.Run(queue.take(queue.prefix(largest[replica])));
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    int ran = 0;
    for (int i = 0; i < batch.size(); i++) {
      ran += batch.get(i).rows();
    }
    rows[replica] -= ran;
    if (runNanos > sloNanos) {
      largest[replica] = Math.max(1, (int) (largest[replica] * BACK_OFF));
    } else if (ran >= largest[replica]) {
      largest[replica] = Math.min(maxBatch, largest[replica] + step);
    }
  }
}
