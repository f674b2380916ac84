// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.serving.LoadStages.Fetched;
import dev.millrace.backends.serving.LoadStages.Outcome;
import dev.millrace.backends.serving.LoadStages.Search;
import dev.millrace.backends.serving.LoadStages.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings versions here, and lets go of those that are replaced, without the control thread waiting
 * for either.
 *
 * <p>Each version is fetched on a thread of its own, so that one whose download stalls holds up no
 * other; what was fetched is loaded one after the other ({@link LoadTurns}), since engines lock
 * while they make a session, and two loads at once disturb what serves twice as much. The threads
 * are virtual ones: there may be as many as there are models, an interrupt ends their wait for a
 * connection, and what they do at once is bounded where they do it, for each repository.
 *
 * <p>Methods are the control thread's, and what comes of a load is told there. A slot is changed by
 * that thread only.
 */
final class Loads {
  private static final Logger log = LoggerFactory.getLogger(Loads.class);

  /** For a run that was under way when the grace time ended. */
  private static final Duration RUN_END_GRACE = Duration.ofSeconds(5);

  private final LoadStages stages;
  private final LoadTurns turns = new LoadTurns();
  private final Set<Thread> fetching = ConcurrentHashMap.newKeySet();
  private final Executor control;
  private final Runnable changed;
  private final Runnable afterLoad;
  private final LongSupplier drainNanos;
  private final LongSupplier nanoClock;
  private volatile boolean closing;

  // the control thread's
  private final List<Thread> draining = new ArrayList<>();
  private int pending;

  /**
   * @param control the control thread
   * @param changed called after each change of a slot
   * @param afterLoad called after each load, whatever came of it
   * @param drainNanos asked how long requests may take to finish on a version that was replaced
   */
  Loads(
      LoadStages stages,
      Executor control,
      Runnable changed,
      Runnable afterLoad,
      LongSupplier drainNanos,
      LongSupplier nanoClock) {
    this.stages = stages;
    this.control = control;
    this.changed = changed;
    this.afterLoad = afterLoad;
    this.drainNanos = drainNanos;
    this.nanoClock = nanoClock;
  }

  /** Versions that are being fetched or loaded, or wait for their turn. */
  int pending() {
    return pending;
  }

  /**
   * Fetches a version, and loads it when its turn comes.
   *
   * @param name under which it is served
   * @param then called on the control thread afterwards, whatever came of it
   */
  void load(String name, long version, Slot slot, Search search, Runnable then) {
    slot.isLoading = true;
    pending++;
    Task task = new Task(name, version, slot, search, state -> enter(slot, state));
    LoadTurns.Turn turn = turns.enter(name);
    Thread fetch =
        Thread.ofVirtual()
            .name("fetch-" + name + "-" + version)
            .unstarted(
                () -> {
                  try {
                    bring(task, turn, then);
                  } finally {
                    fetching.remove(Thread.currentThread());
                  }
                });
    slot.fetch = fetch;
    fetching.add(fetch);
    fetch.start();
  }

  /** Has a version get the replicas that it is short of, when no other is being loaded. */
  void topUp(ServedVersion served) {
    // of a name of its own: a successor that is being fetched does not hold it up
    turns.ready(turns.enter("replicas of " + served), () -> topUpUnlessClosing(served));
  }

  private void topUpUnlessClosing(ServedVersion served) {
    if (!closing) {
      served.topUp();
    }
  }

  private void bring(Task task, LoadTurns.Turn turn, Runnable then) {
    switch (stages.fetch(task)) {
      case Fetched fetched -> turns.ready(turn, () -> tell(task, stages.load(task, fetched), then));
      case Outcome outcome -> {
        turns.leave(turn);
        tell(task, outcome, then);
      }
    }
  }

  private void tell(Task task, Outcome outcome, Runnable then) {
    try {
      control.execute(() -> settle(task, outcome, then));
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nobody will have it
      if (outcome instanceof Outcome.Loaded loaded) {
        drain(loaded.served(), loaded.artifact(), 0);
      }
    }
  }

  private void enter(Slot slot, VersionState state) {
    try {
      control.execute(() -> note(slot, state, slot.reloadReason));
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nobody looks at it
    }
  }

  private void settle(Task task, Outcome outcome, Runnable then) {
    pending--;
    task.slot().isLoading = false;
    task.slot().reloadReason = "";
    try {
      settle(task.name(), task.version(), task.slot(), outcome);
      watchDevice(task, outcome, then);
      then.run();
    } catch (RuntimeException | Error e) {
      log.error("model {} version {}: not told that it is there", task.name(), task.version(), e);
    } finally {
      afterLoad.run();
    }
  }

  private void settle(String name, long version, Slot slot, Outcome outcome) {
    slot.lacksNothing();
    switch (outcome) {
      case Outcome.Loaded loaded -> {
        if (slot.isAbandoned || closing) {
          startDraining(loaded.served(), loaded.artifact());
        } else {
          install(name, slot, loaded);
        }
      }
      case Outcome.Refused refused -> {
        slot.fingerprint = refused.fingerprint();
        fail(name, version, slot, refused.reason());
      }
      case Outcome.NoRoom lacking -> {
        slot.lacks(lacking.fingerprint(), lacking.shortage());
        missed(name, version, slot, lacking.shortage().reason());
      }
      case Outcome.Failed failed -> missed(name, version, slot, failed.reason());
    }
  }

  /** Not noted as tried, since another try may do. */
  private void missed(String name, long version, Slot slot, String reason) {
    note(slot, VersionState.FAILED, reason);
    if (!slot.isAbandoned && !closing) {
      log.warn("model {} version {}: {}", name, version, reason);
    }
  }

  private void install(String name, Slot slot, Outcome.Loaded loaded) {
    ServedVersion before = slot.served;
    ModelArtifact artifactBefore = slot.artifact;
    slot.served = loaded.served();
    slot.artifact = loaded.artifact();
    slot.fingerprint = loaded.wanted().version().fingerprint();
    slot.loadNanos = loaded.nanos();
    note(slot, VersionState.READY, loaded.served().placementNote());
    log.info(
        "model {} version {}: ready in {} ms {}, {}",
        name,
        loaded.served().version(),
        loaded.nanos() / 1_000_000,
        loaded.served().describeDevices(),
        loaded.served().describeBatching());
    if (before != null) {
      startDraining(before, artifactBefore);
    }
  }

  /** Of any thread. */
  private void replicasChanged() {
    try {
      control.execute(
          () -> {
            changed.run();
            afterLoad.run();
          });
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nobody looks at them
    }
  }

  private void watchDevice(Task task, Outcome outcome, Runnable then) {
    if (outcome instanceof Outcome.Loaded loaded) {
      loaded.served().onReplicasChange(this::replicasChanged);
      loaded.served().onLoss(loss -> lost(task, loaded.served(), loss, then));
    }
  }

  /** Of any thread. */
  private void lost(Task task, ServedVersion served, DeviceLoss loss, Runnable then) {
    stages.lost(loss);
    try {
      control.execute(() -> loadElsewhere(task, served, loss, then));
    } catch (RejectedExecutionException e) {
      // closed meanwhile: it goes anyway
    }
  }

  /**
   * Takes a version down whose device was lost, and loads it where it may run now. It ends: what
   * was lost is not chosen again, and a processor is never lost.
   */
  private void loadElsewhere(Task task, ServedVersion served, DeviceLoss loss, Runnable then) {
    Slot slot = task.slot();
    if (slot.served != served || closing) {
      return;
    }
    slot.served = null;
    startDraining(served, slot.artifact);
    if (slot.isLoading) {
      note(slot, slot.state, loss.reason()); // its successor is on its way
      return;
    }
    slot.reloadReason = loss.reason();
    slot.fingerprint = ""; // so that a fetch that fails is tried again
    note(slot, VersionState.PENDING, loss.reason());
    load(task.name(), task.version(), slot, task.search(), then);
  }

  /** Its content cannot be served. */
  void fail(String name, long version, Slot slot, String reason) {
    note(slot, VersionState.FAILED, reason);
    if (!slot.isAbandoned) {
      log.error(
          "model {} version {}: {}{}",
          name,
          version,
          reason,
          slot.isServing() ? "; what was loaded before keeps serving" : "");
    }
  }

  void note(Slot slot, VersionState state, String reason) {
    slot.state = state;
    slot.reason = reason;
    changed.run();
  }

  /**
   * Lets a version finish its requests and frees it, once no route leads to it; ends its fetch, if
   * it is being fetched.
   */
  void retire(Slot slot) {
    slot.isAbandoned = true;
    Thread fetch = slot.fetch;
    if (fetch != null) {
      fetch.interrupt();
      slot.fetch = null;
    }
    ServedVersion served = slot.served;
    slot.served = null;
    if (served != null) {
      startDraining(served, slot.artifact);
    }
  }

  private void startDraining(ServedVersion served, @Nullable ModelArtifact artifact) {
    served.leave(); // at once: what is loaded next looks at what will be free
    draining.removeIf(thread -> !thread.isAlive());
    draining.add(
        Thread.ofPlatform()
            .name("drain-" + served.name() + "-" + served.version())
            .start(() -> drain(served, artifact, drainNanos.getAsLong())));
  }

  private void drain(ServedVersion served, @Nullable ModelArtifact artifact, long graceNanos) {
    boolean isGone = false;
    try {
      isGone = served.close(graceNanos);
      if (isGone) {
        log.info("model {} version {}: unloaded", served.name(), served.version());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      isGone = true; // as far as it will ever be: nothing runs any more
      log.error("unloading {} failed", served, e);
    } finally {
      if (isGone && artifact != null) {
        stages.release(artifact);
      }
    }
  }

  /** What is loaded from now on gives way to what serves. */
  void giveWay() {
    turns.giveWay();
  }

  // --- closing

  /** No further load begins, and fetches end; of any thread. */
  void stop() {
    closing = true;
    stages.stop();
    fetching.forEach(Thread::interrupt);
    turns.stop();
  }

  /** Those that are being let go of; none is added once the control thread rests. */
  List<Thread> draining() {
    return List.copyOf(draining);
  }

  /** Waits for the load that is under way, until then at most. */
  void awaitLoad(long endNanos) throws InterruptedException {
    for (Thread fetch : fetching) {
      if (!fetch.join(Duration.ofNanos(left(endNanos)))) {
        log.warn("{} goes on: not waiting for it", fetch.getName());
      }
    }
    if (!turns.await(left(endNanos))) {
      log.warn("a model is still being loaded: not waiting for it");
    }
  }

  private long left(long endNanos) {
    return Math.max(0, endNanos - nanoClock.getAsLong());
  }

  /** Waits for what drains: until then, and only a little longer for a run. */
  void awaitDrained(List<Thread> leaving, long endNanos) throws InterruptedException {
    for (Thread drain : leaving) {
      // a run that never ends is not to keep the process from ending
      if (!drain.join(Duration.ofNanos(left(endNanos)).plus(RUN_END_GRACE))) {
        log.warn("{}: a run goes on: not waiting for it", drain.getName());
      }
    }
  }
}
