// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Makes the requests of a workload: those that come first, and those of clients that come again.
 */
final class Traffic {
  private static final long NEVER = Long.MAX_VALUE;

  /**
   * A client that looks up at a time.
   *
   * @param order of two at the same time, the first made comes first: results must not depend on
   *     how a heap breaks ties
   * @param request what it has asked for before
   * @param ifOpen it gives up waiting then: nothing happens if the request has ended
   */
  private record Visit(long atNanos, long order, SimRequest request, boolean ifOpen)
      implements Comparable<Visit> {
    @Override
    public int compareTo(Visit other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private final List<RequestKind> kinds;
  private final Clients clients;
  private final double[] weightUpTo;
  private final SplittableRandom mix;
  private final SplittableRandom jitter;
  private final SimRequest.Watcher watcher;
  private final PriorityQueue<Visit> visits = new PriorityQueue<>();
  private long order;

  Traffic(
      Workload workload,
      SplittableRandom mix,
      SplittableRandom jitter,
      SimRequest.Watcher watcher) {
    this.kinds = workload.kinds();
    this.clients = workload.clients();
    this.mix = mix;
    this.jitter = jitter;
    this.watcher = watcher;
    this.weightUpTo = new double[kinds.size()];
    double sum = 0;
    for (int i = 0; i < weightUpTo.length; i++) {
      sum += kinds.get(i).weight();
      weightUpTo[i] = sum;
    }
  }

  /** The clients of a closed loop come at once. */
  void begin(long nowNanos) {
    if (clients instanceof Clients.ClosedLoop loop) {
      for (int i = 0; i < loop.inFlight(); i++) {
        visit(nowNanos, request(nowNanos, 0), false);
      }
    }
  }

  /** A request that comes for the first time. */
  SimRequest first(long nowNanos) {
    SimRequest request = request(nowNanos, 0);
    if (clients instanceof Clients.Retry && request.deadlineNanos() != NEVER) {
      visit(request.deadlineNanos(), request, true);
    }
    return request;
  }

  private SimRequest request(long nowNanos, int attempt) {
    int kind = 0;
    if (weightUpTo.length > 1) {
      double drawn = mix.nextDouble() * weightUpTo[weightUpTo.length - 1];
      while (kind < weightUpTo.length - 1 && weightUpTo[kind] <= drawn) {
        kind++;
      }
    }
    return request(nowNanos, kind, kinds.get(kind).rows().draw(mix), attempt);
  }

  private SimRequest request(long nowNanos, int kind, int rows, int attempt) {
    RequestKind is = kinds.get(kind);
    return new SimRequest(
        nowNanos,
        is.deadlineNanos(nowNanos),
        rows,
        is.shape(),
        is.tenant(),
        is.priority(),
        kind,
        attempt,
        watcher);
  }

  /** When a client looks up next. */
  long nextNanos() {
    Visit next = visits.peek();
    return next == null ? NEVER : next.atNanos();
  }

  /**
   * What the client asks for that looks up now.
   *
   * @param open whether clients still come at all
   */
  Optional<SimRequest> again(long nowNanos, boolean open) {
    Visit visit = visits.remove();
    SimRequest before = visit.request();
    if (!open || (visit.ifOpen() && before.hasEnded())) {
      return Optional.empty();
    }
    return switch (clients) {
      case Clients.Once once -> Optional.empty();
      case Clients.ClosedLoop loop -> Optional.of(request(nowNanos, 0));
      case Clients.Retry retry -> retry(retry, before, visit.ifOpen(), nowNanos);
    };
  }

  private Optional<SimRequest> retry(
      Clients.Retry retry, SimRequest before, boolean givesUp, long nowNanos) {
    if (givesUp) {
      comeAgain(retry, before, nowNanos + backoff(retry, before));
      return Optional.empty();
    }
    SimRequest request = request(nowNanos, before.kind(), before.rows(), before.attempt() + 1);
    if (request.deadlineNanos() != NEVER) {
      visit(request.deadlineNanos(), request, true);
    }
    return Optional.of(request);
  }

  /** A request has ended. */
  void ended(SimRequest request, long nowNanos) {
    switch (clients) {
      case Clients.Once once -> {}
      case Clients.ClosedLoop loop -> visit(nowNanos, request, false);
      case Clients.Retry retry -> {
        // who was not answered by the deadline has given up then
        if (!request.isAnswered() && nowNanos < request.deadlineNanos()) {
          long wait =
              retry.obedient() && request.pushbackNanos() > 0
                  ? request.pushbackNanos()
                  : backoff(retry, request);
          comeAgain(retry, request, nowNanos + wait);
        }
      }
    }
  }

  private void comeAgain(Clients.Retry retry, SimRequest request, long atNanos) {
    if (request.attempt() + 1 < retry.attempts()) {
      visit(atNanos, request, false);
    }
  }

  private long backoff(Clients.Retry retry, SimRequest request) {
    double nanos = Math.scalb((double) retry.backoffNanos(), request.attempt());
    return Math.round(nanos * (0.5 + jitter.nextDouble()));
  }

  private void visit(long atNanos, SimRequest request, boolean ifOpen) {
    visits.add(new Visit(atNanos, order++, request, ifOpen));
  }
}
