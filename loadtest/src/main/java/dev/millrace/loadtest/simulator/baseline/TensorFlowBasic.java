// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * TensorFlow Serving's basic batch scheduler: the shared one with a single queue.
 *
 * <p>Batches are formed at arrival. The last batch is open; a request that does not fit closes it
 * and opens the next, and a closed batch takes nothing in any more, however small it is. A thread
 * takes the first batch if it is closed, or if it is open and full or older than the timeout; age
 * counts from its first request. A request that would need one batch more than may be enqueued, the
 * open one counted, is refused as UNAVAILABLE.
 *
 * <p>There are as many threads as replicas, as its guide advises for a device. Not modelled:
 * several queues, splitting of large requests, allowed sizes and their padding, priorities. There,
 * requests of different shapes in a batch are padded or fail; here another shape closes the batch.
 */
public final class TensorFlowBasic implements Scheduler {
  private static final double[] GRID_TIMEOUTS = {0, .1};

  private final Options options;
  private final ArrayDeque<List<SimRequest>> closed = new ArrayDeque<>();
  private List<SimRequest> open = new ArrayList<>();
  private int openRows;

  /** The scheduler with its open batch empty. */
  public TensorFlowBasic(Options options) {
    this.options = options;
  }

  /**
   * Batching parameters, with names as there.
   *
   * @param maxBatch rows of a batch at most; a larger request is refused
   * @param batchTimeoutNanos 0 for none
   * @param maxEnqueuedBatches that do not run yet, the open one counted
   */
  public record Options(int maxBatch, long batchTimeoutNanos, int maxEnqueuedBatches) {
    public Options {
      Check.positive("max batch", maxBatch);
      Check.notNegative("batch timeout", batchTimeoutNanos);
      Check.positive("max enqueued batches", maxEnqueuedBatches);
    }

    /** No timeout, 10 batches: what the library takes unless told. */
    public static Options byDefault(int maxBatch) {
      return new Options(maxBatch, 0, 10);
    }
  }

  /**
   * 30 points: 5 largest batches, 2 timeouts, and queues of about half a batch, a batch and many
   * batches for each replica.
   */
  public static List<Options> grid(
      ServiceCurve curve, int shape, int maxBatch, long sloNanos, int replicas) {
    CurveTable table = new CurveTable(curve, maxBatch);
    int[] enqueued = {1 + (replicas + 1) / 2, 2 + replicas, 10 + replicas};
    List<Options> grid = new ArrayList<>();
    for (int batch : table.batchesToTry(shape, sloNanos)) {
      for (double timeout : GRID_TIMEOUTS) {
        for (int batches : enqueued) {
          grid.add(new Options(batch, (long) (timeout * sloNanos), batches));
        }
      }
    }
    return grid;
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    if (request.rows() > options.maxBatch()) {
      request.refused(nowNanos);
      return;
    }
    if (!open.isEmpty() && !fits(request)) {
      if (closed.size() + 1 >= options.maxEnqueuedBatches()) {
        request.refused(nowNanos);
        return;
      }
      closed.addLast(closeOpen());
    }
    open.add(request);
    openRows += request.rows();
  }

  private boolean fits(SimRequest request) {
    return openRows + request.rows() <= options.maxBatch()
        && request.shape() == open.getFirst().shape();
  }

  @Override
  public Move next(long nowNanos, int replica) {
    List<SimRequest> first = closed.pollFirst();
    if (first != null) {
      return new Move.Run(first);
    }
    if (open.isEmpty()) {
      return Move.IDLE;
    }
    long dueNanos = open.getFirst().arrivalNanos() + options.batchTimeoutNanos();
    if (openRows >= options.maxBatch() || nowNanos >= dueNanos) {
      return new Move.Run(closeOpen());
    }
    return new Move.Wait(dueNanos);
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }

  private List<SimRequest> closeOpen() {
    List<SimRequest> batch = open;
    open = new ArrayList<>();
    openRows = 0;
    return batch;
  }
}
