// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Refusal;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.Arrays;
import java.util.List;

/**
 * Triton's dynamic batcher with one priority level.
 *
 * <p>A batch is a prefix of one queue in order of arrival. It goes at once when it reaches a
 * preferred size, the largest that the queue reaches; when it can grow no more, because the next
 * request has another shape or would exceed the largest size; or when there is no delay. Else it
 * waits until its oldest request is as old as the delay, even if replicas are idle. The first idle
 * replica takes all that fits, the next the rest: nothing staggers them.
 *
 * <p>Queued requests are refused at the door when the queue is full, and later when they have
 * waited longer than the timeout; but that is only looked at when a batch is formed and, while all
 * replicas are busy, every 500 ms.
 *
 * <p>Not modelled: payloads formed ahead, which keep growing until a replica takes them, so that
 * the batches come out the same; merging of such payloads; priority levels, timeouts of single
 * requests, the DELAY action, preserved order, custom batching.
 */
public final class TritonDynamic implements Scheduler {
  /** How long the batcher's thread waits before it looks at the queue again. */
  private static final long LOOK_NANOS = 500_000_000L;

  private final Options options;
  private final boolean[] preferred;
  private final int largestPreferred;
  private final Lane queue = new Lane();

  /** The server's queue, empty. */
  public TritonDynamic(Options options) {
    this.options = options;
    this.preferred = new boolean[options.maxBatch() + 1];
    int largest = 0;
    for (int size : options.preferredSizes()) {
      preferred[size] = true;
      largest = Math.max(largest, size);
    }
    this.largestPreferred = largest;
  }

  /**
   * A model's dynamic_batching, with names as there.
   *
   * @param maxBatch rows of a batch at most; a larger request is refused
   * @param preferredSizes of batches, in rows; the largest batch if none is given
   * @param maxQueueDelayNanos 0 for none
   * @param maxQueueSize in requests, 0 for unbounded
   * @param queueTimeoutNanos 0 for none
   */
  public record Options(
      int maxBatch,
      List<Integer> preferredSizes,
      long maxQueueDelayNanos,
      int maxQueueSize,
      long queueTimeoutNanos) {
    public Options {
      Check.positive("max batch", maxBatch);
      Check.notNegative("max queue delay", maxQueueDelayNanos);
      Check.notNegative("max queue size", maxQueueSize);
      Check.notNegative("queue timeout", queueTimeoutNanos);
      preferredSizes = preferredSizes.isEmpty() ? List.of(maxBatch) : List.copyOf(preferredSizes);
      for (int size : preferredSizes) {
        if (size < 1 || size > maxBatch) {
          throw new IllegalArgumentException(
              "preferred size: %d (expected 1..%d)".formatted(size, maxBatch));
        }
      }
    }

    /** What {@code dynamic_batching {}} means: eager, up to the model's largest batch. */
    public static Options byDefault(int maxBatch) {
      return new Options(maxBatch, List.of(), 0, 0, 0);
    }

    public Options withPreferredSizes(Integer... sizes) {
      return new Options(
          maxBatch, Arrays.asList(sizes), maxQueueDelayNanos, maxQueueSize, queueTimeoutNanos);
    }

    public Options withMaxQueueDelayNanos(long nanos) {
      return new Options(maxBatch, preferredSizes, nanos, maxQueueSize, queueTimeoutNanos);
    }

    public Options withMaxQueueSize(int requests) {
      return new Options(maxBatch, preferredSizes, maxQueueDelayNanos, requests, queueTimeoutNanos);
    }

    public Options withQueueTimeoutNanos(long nanos) {
      return new Options(maxBatch, preferredSizes, maxQueueDelayNanos, maxQueueSize, nanos);
    }
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    boolean full = options.maxQueueSize() > 0 && queue.size() >= options.maxQueueSize();
    if (full || request.rows() > options.maxBatch()) {
      request.refused(nowNanos);
    } else {
      queue.addLast(request);
    }
  }

  @Override
  public Move next(long nowNanos, int replica) {
    refuseExpired(nowNanos);
    if (queue.isEmpty()) {
      return Move.IDLE;
    }
    SimRequest first = queue.first();
    long delayNanos = options.maxQueueDelayNanos();
    long ageNanos = nowNanos - first.arrivalNanos();
    boolean overdue = delayNanos > 0 && ageNanos >= delayNanos;

    int count = 0;
    int rows = 0;
    int best = 0; // requests that make a preferred size, or come nearest to the largest
    boolean closed = false;
    for (; count < queue.size(); count++) {
      SimRequest request = queue.get(count);
      int grown = rows + request.rows();
      if (count > 0) {
        if (grown > largestPreferred && best == 0) {
          best = count;
        }
        if (grown > options.maxBatch() || request.shape() != first.shape()) {
          closed = true;
          break;
        }
      }
      rows = grown;
      if (preferred[rows]) {
        best = count + 1;
      }
    }

    if (best > 0 && !overdue) {
      return new Move.Run(queue.take(best));
    }
    if (closed || rows >= largestPreferred || overdue || delayNanos == 0) {
      return new Move.Run(queue.take(count));
    }
    return new Move.Wait(
        Math.min(first.arrivalNanos() + delayNanos, lastNanos(first) + 1)); // or to refuse it
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }

  @Override
  public long tickEveryNanos() {
    return options.queueTimeoutNanos() == 0 ? Long.MAX_VALUE : LOOK_NANOS;
  }

  @Override
  public void tick(long nowNanos) {
    refuseExpired(nowNanos);
  }

  /** One timeout for all, so that the first is the first to expire. */
  private void refuseExpired(long nowNanos) {
    while (!queue.isEmpty() && nowNanos > lastNanos(queue.first())) {
      queue.removeFirst().refused(nowNanos, Refusal.EXPIRED);
    }
  }

  /** When it may still start. */
  private long lastNanos(SimRequest request) {
    return options.queueTimeoutNanos() == 0
        ? Long.MAX_VALUE - 1
        : request.arrivalNanos() + options.queueTimeoutNanos();
  }
}
