// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Replicas and traffic around a queue, in virtual time and on one thread. Runs take exactly what a
 * line says; time goes on in steps.
 */
final class VirtualReplicas {
  private static final long STEP_NANOS = 50_000;
  private static final long SWEEP_NANOS = 5_000_000;

  private final SteppedQueue stepped;
  private final long alphaNanos;
  private final long betaNanos;
  private final List<Replica> replicas = new ArrayList<>();
  private final List<Source> sources = new ArrayList<>();

  VirtualReplicas(SteppedQueue stepped, int count, long alphaNanos, long betaNanos) {
    this.stepped = stepped;
    this.alphaNanos = alphaNanos;
    this.betaNanos = betaNanos;
    for (int i = 0; i < count; i++) {
      replicas.add(new Replica());
    }
  }

  private static final class Replica {
    final Batch<TestItem> batch = new Batch<>();
    long freeAt = Long.MAX_VALUE;
  }

  /** Single rows of one tenant with one objective, which come independently of each other. */
  final class Source {
    private final double perSecond;
    private final long objectiveNanos;
    private final int tenant;
    private final SplittableRandom random;
    private final Map<Rejection, Integer> refused = new EnumMap<>(Rejection.class);
    private double nextAt;
    private long offered;
    private long onTime;
    private long answered;

    private Source(double perSecond, long objectiveNanos, int tenant) {
      this.perSecond = perSecond;
      this.objectiveNanos = objectiveNanos;
      this.tenant = tenant;
      this.random = new SplittableRandom(sources.size());
      this.nextAt = stepped.nowNanos.get();
    }

    private void offerUntil(long nowNanos) {
      while (nextAt <= nowNanos) {
        offered++;
        long deadline =
            objectiveNanos == Long.MAX_VALUE ? Long.MAX_VALUE : nowNanos + objectiveNanos;
        Item item = new Item(this);
        item.due(deadline).ofTenant(tenant);
        Rejection refusal = stepped.queue.offer(item);
        if (refusal != null) {
          refused.merge(refusal, 1, Integer::sum);
        }
        nextAt += random.nextExponential() * 1e9 / perSecond;
      }
    }

    long offered() {
      return offered;
    }

    /** Answered in time. */
    long onTime() {
      return onTime;
    }

    /** In time or not. */
    long answered() {
      return answered;
    }

    /** Not refused at the door. */
    long letIn() {
      return offered - refused.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** At the door, by reason. */
    Map<Rejection, Integer> refused() {
      return refused;
    }
  }

  private static final class Item extends TestItem {
    private final Source source;

    Item(Source source) {
      super("i");
      this.source = source;
    }
  }

  Source source(double perSecond, long objectiveNanos, int tenant) {
    Source source = new Source(perSecond, objectiveNanos, tenant);
    sources.add(source);
    return source;
  }

  /** All sources fall silent. */
  void silence() {
    sources.clear();
  }

  /** Rows per second of all replicas in batches of a size. */
  double capacity(int rows) {
    return replicas.size() * rows * 1e9 / (alphaNanos + betaNanos * rows);
  }

  void run(long nanos) {
    long end = stepped.nowNanos.get() + nanos;
    while (stepped.nowNanos.get() < end) {
      long now = stepped.nowNanos.addAndGet(STEP_NANOS);
      replicas.forEach(replica -> finish(replica, now));
      sources.forEach(source -> source.offerUntil(now));
      replicas.forEach(replica -> poll(replica, now));
      if (now % SWEEP_NANOS == 0) {
        stepped.queue.sweep();
      }
    }
  }

  private void finish(Replica replica, long now) {
    if (now < replica.freeAt) {
      return;
    }
    for (TestItem item : replica.batch.items()) {
      item.complete();
      if (item instanceof Item ours) {
        ours.source.answered++;
        ours.source.onTime += now <= item.deadlineNanos() ? 1 : 0;
      }
    }
    replica.batch.ran(alphaNanos + betaNanos * replica.batch.weight());
    replica.freeAt = Long.MAX_VALUE;
  }

  private void poll(Replica replica, long now) {
    if (replica.freeAt == Long.MAX_VALUE && stepped.queue.poll(replica.batch) == 0) {
      replica.freeAt = now + alphaNanos + betaNanos * replica.batch.weight();
    }
  }
}
