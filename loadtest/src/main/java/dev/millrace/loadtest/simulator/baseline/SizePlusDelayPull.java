// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Workers that pull with a size and a delay, as those of DJL Serving do.
 *
 * <p>A worker takes one request, then all that wait and fit, then polls for more until its delay
 * has passed; the delay counts from the first take, not from an arrival. An arrival goes to the
 * worker that has waited longest, whether that one has requests already or not: so idle workers and
 * gathering ones take from each other, and each gathers little. A full queue refuses.
 *
 * <p>Not modelled: the clock's milliseconds, workers that come and go with the load. Sizes count
 * rows there as requests; here as rows. The original batches what it gets and fails on different
 * shapes; here another shape ends the gathering.
 */
public final class SizePlusDelayPull implements Scheduler {
  private final int maxBatch;
  private final long delayNanos;
  private final int queueCapacity;
  private final Lane queue = new Lane();
  private final ArrayDeque<Worker> takers = new ArrayDeque<>(); // longest waiting first
  private final List<Worker> workers = new ArrayList<>();

  private static final class Worker {
    private List<SimRequest> batch = new ArrayList<>();
    private int rows;
    private long windowEndNanos;
    private boolean closed;
    private boolean takes;
  }

  /**
   * @param maxBatch rows of a batch at most; a larger request runs alone
   * @param delayNanos of gathering, from the first request that was taken
   * @param queueCapacity in requests that no worker has taken; there 1000 by default
   */
  public SizePlusDelayPull(int replicas, int maxBatch, long delayNanos, int queueCapacity) {
    this.maxBatch = Check.positive("max batch", maxBatch);
    this.delayNanos = Check.notNegative("delay", delayNanos);
    this.queueCapacity = Check.positive("queue capacity", queueCapacity);
    for (int i = 0; i < Check.positive("replicas", replicas); i++) {
      Worker worker = new Worker();
      workers.add(worker);
      wait(worker);
    }
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    while (!takers.isEmpty()) {
      Worker worker = takers.removeFirst();
      worker.takes = false;
      if (put(nowNanos, worker, request)) {
        wait(worker);
        return;
      }
    }
    if (queue.size() >= queueCapacity) {
      request.refused(nowNanos);
    } else {
      queue.addLast(request);
    }
  }

  @Override
  public Move next(long nowNanos, int replica) {
    Worker worker = workers.get(replica);
    if (worker.batch.isEmpty()) {
      return Move.IDLE;
    }
    if (worker.closed || nowNanos >= worker.windowEndNanos) {
      return new Move.Run(handOver(worker));
    }
    return new Move.Wait(worker.windowEndNanos);
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    Worker worker = workers.get(replica);
    while (!queue.isEmpty() && put(nowNanos, worker, queue.first())) {
      queue.removeFirst();
    }
    wait(worker);
  }

  /** False, and the worker gathers no more, if the request is not for it. */
  private boolean put(long nowNanos, Worker worker, SimRequest request) {
    if (worker.batch.isEmpty()) {
      worker.windowEndNanos = nowNanos + delayNanos;
    } else if (worker.closed
        || worker.rows + request.rows() > maxBatch
        || request.shape() != worker.batch.getFirst().shape()
        || (delayNanos > 0 && nowNanos >= worker.windowEndNanos)) {
      worker.closed = true;
      return false;
    }
    worker.batch.add(request);
    worker.rows += request.rows();
    worker.closed = worker.rows >= maxBatch;
    return true;
  }

  private void wait(Worker worker) {
    if (!worker.closed && !worker.takes) {
      worker.takes = true;
      takers.addLast(worker);
    }
  }

  private List<SimRequest> handOver(Worker worker) {
    if (worker.takes) {
      worker.takes = false;
      takers.remove(worker);
    }
    List<SimRequest> batch = worker.batch;
    worker.batch = new ArrayList<>();
    worker.rows = 0;
    worker.closed = false;
    return batch;
  }
}
