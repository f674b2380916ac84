// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import dev.millrace.batching.Batch;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Batchable;
import dev.millrace.batching.Pushback;
import dev.millrace.batching.QueueLimits;
import dev.millrace.batching.Rejection;
import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.SlackPull;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/** The gateway's own queue and policy, unchanged, under the simulation's clock. */
public final class MillraceScheduler implements Scheduler {
  // as the gateway's janitor
  private static final long SWEEP_EVERY_NANOS = 5_000_000;

  // as the gateway's ring, which a sweep or a take empties
  private static final int RING_SLOTS = 8192;

  private static final long JITTER_SEED = 1;

  private final BatchQueue<Item> queue;
  private final List<Batch<Item>> batches = new ArrayList<>();
  private final SplittableRandom jitter = new SplittableRandom(JITTER_SEED);
  private long now;

  /**
   * Knows the replicas, whether they share a device, and the largest batch; what a batch costs it
   * has to learn.
   */
  public MillraceScheduler(Setting setting, BatchPolicy policy) {
    this(setting, policy, setting.service().isShared());
  }

  private MillraceScheduler(Setting setting, BatchPolicy policy, boolean shared) {
    QueueLimits limits =
        new QueueLimits(setting.maxBatchRows(), Integer.MAX_VALUE, Long.MAX_VALUE, RING_SLOTS);
    queue = new BatchQueue<>(limits, policy, () -> now);
    for (int i = 0; i < setting.replicas(); i++) {
      batches.add(new Batch<>(shared ? OptionalInt.of(0) : OptionalInt.empty()));
    }
  }

  /** The policy that serves by default. */
  public static Scheduler auto(Setting setting) {
    return new MillraceScheduler(setting, new SlackPull());
  }

  /** The same, which takes replicas for independent whatever they run on. */
  public static Scheduler independent(Setting setting) {
    return new MillraceScheduler(setting, new SlackPull(), false);
  }

  /** Whatever waits, up to the largest batch. */
  public static Scheduler greedy(Setting setting) {
    return new MillraceScheduler(setting, BatchPolicy.greedy());
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    now = nowNanos;
    Rejection rejection = queue.offer(new Item(request));
    if (rejection != null) {
      refuse(request, rejection);
    }
  }

  /** As the gateway does where the model's objective has set the deadline: another try has anew. */
  private void refuse(SimRequest request, Rejection rejection) {
    Refusal why = refusal(rejection);
    long pushback =
        why == Refusal.EXPIRED
            ? 0
            : Pushback.nanos(queue.backlogNanos(rowSize(request)), jitter.nextDouble());
    request.refused(now, why, pushback);
  }

  /** Shapes differ in cost: far enough apart to be learned apart. */
  private static long rowSize(SimRequest request) {
    return 16L << request.shape();
  }

  @Override
  public Move next(long nowNanos, int replica) {
    now = nowNanos;
    Batch<Item> batch = batches.get(replica);
    long until = queue.poll(batch);
    if (until > 0) {
      return until == Long.MAX_VALUE ? Move.IDLE : new Move.Wait(until);
    }
    List<Item> items = batch.items();
    List<SimRequest> requests = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      requests.add(items.get(i).request);
    }
    return new Move.Run(requests);
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    now = nowNanos;
    batches.get(replica).ran(runNanos);
  }

  @Override
  public long tickEveryNanos() {
    return SWEEP_EVERY_NANOS;
  }

  @Override
  public void tick(long nowNanos) {
    now = nowNanos;
    queue.sweep();
  }

  private static Refusal refusal(Rejection rejection) {
    return switch (rejection) {
      case QUEUE_ROWS, QUEUE_BYTES, QUEUE_REQUESTS, RING_FULL, CLOSED -> Refusal.QUEUE_FULL;
      case INFEASIBLE, OVERLOAD -> Refusal.HOPELESS;
      case EXPIRED, TIMED_OUT -> Refusal.EXPIRED;
    };
  }

  private final class Item implements Batchable {
    private final SimRequest request;
    private boolean settled;

    Item(SimRequest request) {
      this.request = request;
    }

    @Override
    public int rows() {
      return request.rows();
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public Object shapeKey() {
      return request.shape(); // small numbers: Integer's own instances
    }

    @Override
    public long deadlineNanos() {
      return request.deadlineNanos();
    }

    @Override
    public long rowSize() {
      return MillraceScheduler.rowSize(request);
    }

    @Override
    public int tenant() {
      return request.tenant();
    }

    @Override
    public int priority() {
      return request.priority();
    }

    @Override
    public boolean batchable() {
      return true;
    }

    @Override
    public boolean claim() {
      return settle();
    }

    @Override
    public boolean reject(Rejection rejection) {
      if (!settle()) {
        return false;
      }
      refuse(request, rejection);
      return true;
    }

    @Override
    public boolean isSettled() {
      return settled;
    }

    private boolean settle() {
      boolean first = !settled;
      settled = true;
      return first;
    }
  }
}
