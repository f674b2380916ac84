// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.threads.Niceness;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The order in which versions are loaded: one after the other, on a thread of its own, when they
 * are fetched.
 *
 * <p>Of those that are fetched, the one goes first that was asked for first. Only what is served
 * under the same name waits for what was asked for before it: the version that was stable is there
 * before the one that is to replace it. Any thread.
 */
final class LoadTurns {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().name("loader").daemon().unstarted(task));

  private volatile boolean isToGiveWay;

  // the thread's own; another one takes the place of a thread that died
  private @Nullable Thread gaveWay;

  /** Those that have not been loaded, in the order in which they were asked for. */
  private final List<Turn> turns = new ArrayList<>();

  /** A version's place in the order. */
  static final class Turn {
    private final String name;
    private @Nullable Runnable load;

    private Turn(String name) {
      this.name = name;
    }
  }

  /** A version is asked for; it is behind all that are here. */
  Turn enter(String name) {
    Turn turn = new Turn(name);
    synchronized (turns) {
      turns.add(turn);
    }
    return turn;
  }

  /** It is fetched: {@code load} is run in its turn or, after {@link #stop}, at once. */
  void ready(Turn turn, Runnable load) {
    synchronized (turns) {
      turn.load = load;
    }
    goOn();
  }

  /** It could not be fetched. */
  void leave(Turn turn) {
    synchronized (turns) {
      turns.remove(turn);
    }
    goOn();
  }

  private void goOn() {
    try {
      thread.execute(() -> runDue(this::giveWayIfToldTo));
    } catch (RejectedExecutionException e) {
      runDue(() -> {}); // who is asked to load has nothing more to do than to let go
    }
  }

  private void runDue(Runnable before) {
    for (Optional<Runnable> due = takeDue(); due.isPresent(); due = takeDue()) {
      before.run();
      due.get().run();
    }
  }

  private Optional<Runnable> takeDue() {
    synchronized (turns) {
      Set<String> awaited = new HashSet<>();
      for (Turn turn : turns) {
        if (turn.load != null && !awaited.contains(turn.name)) {
          turns.remove(turn);
          return Optional.of(turn.load);
        }
        awaited.add(turn.name);
      }
      return Optional.empty();
    }
  }

  /** What is loaded from now on gives way to what serves. */
  void giveWay() {
    isToGiveWay = true;
  }

  private void giveWayIfToldTo() {
    if (isToGiveWay && gaveWay != Thread.currentThread()) {
      gaveWay = Thread.currentThread();
      Niceness.giveWay();
    }
  }

  /** No load has a turn any more. */
  void stop() {
    thread.shutdown();
  }

  /** Whether the load that is under way ended within that time. */
  boolean await(long nanos) throws InterruptedException {
    return thread.awaitTermination(nanos, TimeUnit.NANOSECONDS);
  }
}
