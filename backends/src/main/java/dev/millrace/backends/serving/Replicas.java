// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.threads.Niceness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of a served version that take batches, as many as are wanted now and can be had.
 * Those that are missing, since there was no memory for them or since they have failed, are added
 * by {@link #topUp}. Any thread.
 */
final class Replicas {
  private static final Logger log = LoggerFactory.getLogger(Replicas.class);

  private final ServedVersion served;
  private final BiFunction<Runner, BiConsumer<Replica, Throwable>, Replica> work;
  private final Supplier<Runner> warmRunner;
  private final Shortfall shortfall = new Shortfall();

  /** Told when some are missing, and when none is any more. */
  private volatile Runnable changed = () -> {};

  /** Those that take batches; replaced whole, under {@code this}. */
  private volatile List<Member> members = List.of();

  private volatile int wanted;

  // guarded by this

  /** Told to leave, and may still be in their last batch. */
  private final List<Thread> leaving = new ArrayList<>();

  /** Did not answer when they were to get ready, and may never. */
  private final List<Thread> stuck = new ArrayList<>();

  private int started;
  private volatile boolean closing;

  private record Member(Replica replica, Thread thread) {}

  /**
   * @param wanted how many there are to be
   * @param work of a thread, with its runner, which it closes, and whom it tells why it has failed
   * @param warmRunner makes one more
   */
  Replicas(
      ServedVersion served,
      int wanted,
      BiFunction<Runner, BiConsumer<Replica, Throwable>, Replica> work,
      Supplier<Runner> warmRunner) {
    this.served = served;
    this.wanted = wanted;
    this.work = work;
    this.warmRunner = warmRunner;
  }

  /** Starts the first ones; they do nothing before they are told to begin. */
  synchronized List<Replica> startAll(List<Runner> runners) {
    runners.forEach(this::start);
    return members.stream().map(Member::replica).toList();
  }

  private synchronized Replica start(Runner runner) {
    Replica replica = work.apply(runner, this::failed);
    Thread thread =
        Thread.ofPlatform()
            .name("replica-" + served.name() + "-" + served.version() + "-" + started++)
            .daemon()
            .unstarted(replica);
    try {
      Niceness.startServing(thread);
    } catch (RuntimeException | Error e) { // there are as many threads as there may be
      replica.abandon();
      throw e;
    }
    List<Member> more = new ArrayList<>(members);
    more.add(new Member(replica, thread));
    members = List.copyOf(more); // one that fails at once waits for this
    return replica;
  }

  int count() {
    return members.size();
  }

  /** How many there are to be. */
  int wanted() {
    return wanted;
  }

  /** In words: how many of those wanted are there, and why not all; empty if all are. */
  String shortfall() {
    String reason = shortfall.reason();
    return reason.isEmpty() ? "" : "%d of %d replicas: %s".formatted(count(), wanted, reason);
  }

  /** Has somebody told whenever some are missing, or none is any more; of whatever thread. */
  void onChange(Runnable listener) {
    changed = listener;
  }

  /** See {@link ServedVersion#scaleTo}. By whoever has a lease. */
  void scaleTo(int count) {
    synchronized (this) {
      wanted = count;
    }
    int before = count();
    remove();
    try {
      for (boolean isMissing = isMissing(); isMissing; isMissing = isMissing()) {
        addOne().ifPresent(Replica::begin);
      }
    } catch (RuntimeException | Error e) {
      lack(e);
      throw e;
    }
    if (count() != before) {
      log.info("{}: {} replicas", served, count());
    }
    settle();
  }

  /** Whether another is to be added; none is if the version is on its way out. */
  private synchronized boolean isMissing() {
    return !closing && members.size() < wanted;
  }

  /** One more, unless it is one too many by now. */
  private Optional<Replica> addOne() {
    // outside of the lock: an engine may take its time, and closing must not wait for it
    Runner runner = warmRunner.get();
    synchronized (this) {
      if (isMissing()) {
        return Optional.of(start(runner));
      }
    }
    runner.close();
    return Optional.empty();
  }

  private synchronized void remove() {
    if (closing || members.size() <= wanted) {
      return;
    }
    leaving.removeIf(thread -> !thread.isAlive());
    for (Member member : members.subList(wanted, members.size())) {
      member.thread.interrupt(); // a queue lets those go who are interrupted, between two batches
      leaving.add(member.thread);
    }
    members = List.copyOf(members.subList(0, wanted));
  }

  // --- those that are missing

  /** See {@link Shortfall#untilRetry}. */
  long untilTopUp(long nowNanos) {
    return closing ? Long.MAX_VALUE : shortfall.untilRetry(nowNanos);
  }

  /**
   * Whether the caller is to see to {@link #topUp} now. Not while one hangs: the next would hang
   * too, keep the thread that loads waiting, and leave behind as much again.
   */
  boolean takeTopUp(long nowNanos) {
    if (closing || !shortfall.take(nowNanos)) {
      return false;
    }
    if (isAnyStuck()) {
      shortfall.postpone(nowNanos);
      return false;
    }
    return true;
  }

  /** More memory is free than before. */
  void roomIsThere(long nowNanos) {
    shortfall.roomIsThere(nowNanos);
  }

  /** Adds those that are missing, as far as they can be had. By whoever has a lease. */
  void topUp() {
    try {
      for (boolean isMissing = isMissing(); isMissing; isMissing = isMissing()) {
        Optional<Replica> one = addOne();
        if (one.isPresent() && !isReady(one.get())) {
          return;
        }
      }
      settle();
    } catch (RuntimeException | Error e) {
      lack(e);
    }
  }

  /** Waits for it, on GPUs: what is loaded meanwhile would keep it from capturing its runs. */
  private boolean isReady(Replica replica) {
    replica.begin();
    try {
      return new Opening(served::nanoTime, () -> closing).await(replica).isEmpty();
    } catch (ModelLoadException e) {
      if (!closing) { // else whoever closes the version waits for it
        leaveBehind(other -> other == replica);
        lack(e);
      }
      return false;
    }
  }

  /** One of those wanted could not be had. */
  void lack(Throwable cause) {
    boolean endsWithRoom = cause instanceof NoReplicaException why && why.endsWithRoom();
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    if (!isMissing()) {
      settle();
      return;
    }
    if (shortfall.begin(reason, endsWithRoom, served.nanoTime())) {
      log.warn("{}: {}; trying again every now and then", served, shortfall());
    }
    changed.run();
  }

  private void settle() {
    if (!closing && !isMissing() && shortfall.end(served.nanoTime())) {
      log.info("{}: {} replicas, none is missing any more", served, count());
      changed.run();
    }
  }

  /** Of its thread. */
  private void failed(Replica replica, Throwable cause) {
    boolean wasCounted;
    synchronized (this) {
      List<Member> others = new ArrayList<>(members);
      wasCounted = others.removeIf(member -> member.replica == replica);
      members = List.copyOf(others);
    }
    log.error("{}: a replica has ended", served, cause);
    served.failed(cause);
    if (wasCounted) {
      lack(cause);
    }
  }

  /** Those that have not answered by now are none of those to count on. */
  void leaveBehind() {
    leaveBehind(replica -> true);
  }

  private synchronized void leaveBehind(Predicate<Replica> which) {
    List<Member> others = new ArrayList<>(members);
    for (Member member : members) {
      if (which.test(member.replica) && !member.replica.attached().isDone()) {
        others.remove(member);
        stuck.add(member.thread);
        member.thread.interrupt(); // should it answer after all, it takes no batches
      }
    }
    members = List.copyOf(others);
  }

  // --- closing

  /** No more of them: they end when the queue is closed and empty. */
  synchronized void close() {
    closing = true;
  }

  /** Whether one has not answered yet that is to get ready. */
  boolean isAnyUnready() {
    return members.stream().anyMatch(member -> !member.replica.attached().isDone());
  }

  /** Whether one was left behind that has not ended since. */
  synchronized boolean isAnyStuck() {
    return stuck.stream().anyMatch(Thread::isAlive);
  }

  /** Waits until each has ended, for so long each; false if one has not. */
  boolean awaitEnd(Duration time) throws InterruptedException {
    List<Thread> all = new ArrayList<>();
    synchronized (this) {
      members.forEach(member -> all.add(member.thread));
      all.addAll(leaving);
      all.addAll(stuck);
    }
    for (Thread replica : all) {
      if (!replica.join(time)) {
        return false;
      }
    }
    return true;
  }
}
