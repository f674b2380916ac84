// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches and loads versions, one after the other, on a thread of its own, and lets go of those
 * that are replaced, each on a thread of its own: so the control thread waits for neither.
 *
 * <p>Methods are the control thread's, and what comes of a load is told there. A slot is changed by
 * that thread only.
 */
final class Loads {
  private static final Logger log = LoggerFactory.getLogger(Loads.class);

  /** The fingerprint of what is not there any more. */
  private static final String GONE = "gone";

  /** For a run that was under way when the grace time ended. */
  private static final Duration RUN_END_GRACE = Duration.ofSeconds(5);

  private final ModelRepository repository;
  private final Loader loader;
  private final MemoryLedger memory;
  private final BooleanSupplier makeRoom;
  private final Executor control;
  private final Runnable changed;
  private final Runnable afterLoad;
  private final long drainNanos;
  private final LongSupplier nanoClock;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().name("loader").daemon().unstarted(task));
  private volatile boolean closing;

  // the control thread's
  private final List<Thread> draining = new ArrayList<>();
  private int pending;

  /** What is to be loaded, found out on the loading thread. */
  @FunctionalInterface
  interface Search {
    Wanted find() throws IOException;
  }

  /** A version as the repository holds it, and how it is to be served. */
  record Wanted(ModelEntry entry, ModelVersion version, ModelManifest manifest) {}

  /** What came of a load. */
  private sealed interface Outcome {

    /** It can serve. */
    record Loaded(Wanted wanted, ServedVersion served, ModelArtifact artifact, long nanos)
        implements Outcome {}

    /** Its content cannot be served. */
    record Refused(String fingerprint, String reason) implements Outcome {}

    /** It could not be brought here. */
    record Failed(String reason) implements Outcome {}
  }

  /**
   * @param memory that models may take
   * @param makeRoom has the control thread let go of a model that nobody needs now, if there is one
   * @param control the control thread
   * @param changed called after each change of a slot
   * @param afterLoad called after each load, whatever came of it
   * @param drainNanos how long requests may take to finish on a version that was replaced
   */
  Loads(
      ModelRepository repository,
      Loader loader,
      MemoryLedger memory,
      BooleanSupplier makeRoom,
      Executor control,
      Runnable changed,
      Runnable afterLoad,
      long drainNanos,
      LongSupplier nanoClock) {
    this.repository = repository;
    this.loader = loader;
    this.memory = memory;
    this.makeRoom = makeRoom;
    this.control = control;
    this.changed = changed;
    this.afterLoad = afterLoad;
    this.drainNanos = drainNanos;
    this.nanoClock = nanoClock;
  }

  /** Versions that are being loaded or wait for their turn. */
  int pending() {
    return pending;
  }

  /**
   * Loads a version when its turn comes.
   *
   * @param name under which it is served
   * @param then called on the control thread afterwards, whatever came of it
   */
  void load(String name, long version, Slot slot, Search search, Runnable then) {
    slot.isLoading = true;
    pending++;
    thread.execute(
        () -> {
          Outcome outcome = attempt(name, version, slot, search);
          tell(
              () -> {
                pending--;
                slot.isLoading = false;
                try {
                  settle(name, version, slot, outcome);
                  then.run();
                } catch (RuntimeException | Error e) {
                  log.error("model {} version {}: not told that it is there", name, version, e);
                } finally {
                  afterLoad.run();
                }
              },
              outcome);
        });
  }

  private void tell(Runnable task, Outcome outcome) {
    try {
      control.execute(task);
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nobody will have it
      if (outcome instanceof Outcome.Loaded loaded) {
        drain(loaded.served(), loaded.artifact(), 0);
      }
    }
  }

  // --- the loading thread's

  private Outcome attempt(String name, long version, Slot slot, Search search) {
    if (slot.isAbandoned || closing) {
      return new Outcome.Failed("not wanted any more");
    }
    long begin = nanoClock.getAsLong();
    String fingerprint = "";
    ModelArtifact artifact = null;
    try {
      enter(slot, VersionState.FETCHING);
      Wanted wanted = search.find();
      fingerprint = wanted.version().fingerprint();
      if (wanted.version().problem().isPresent()) {
        return new Outcome.Refused(fingerprint, wanted.version().problem().get());
      }
      artifact = repository.fetch(wanted.entry(), wanted.version());
      if (!reserve(artifact)) {
        String reason = memory.refusal(artifact);
        boolean mayFit = memory.mayFit(artifact);
        release(artifact);
        return mayFit ? new Outcome.Failed(reason) : new Outcome.Refused(fingerprint, reason);
      }
      enter(slot, VersionState.LOADING);
      ServedVersion served =
          loader.load(
              artifact.named(name), wanted.manifest(), () -> enter(slot, VersionState.WARMING));
      return new Outcome.Loaded(wanted, served, artifact, nanoClock.getAsLong() - begin);
    } catch (UnknownVersionException e) {
      return new Outcome.Refused(GONE, String.valueOf(e.getMessage()));
    } catch (AlteredException e) {
      return new Outcome.Refused(fingerprint, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      release(artifact);
      return new Outcome.Failed(message(e));
    } catch (ModelLoadException e) {
      release(artifact);
      return new Outcome.Refused(fingerprint, message(e));
    } catch (Throwable e) {
      // whatever a model does to its engine, the others are still to be loaded
      release(artifact);
      log.error("model {} version {}: loading failed", name, version, e);
      return new Outcome.Refused(fingerprint, e.toString());
    }
  }

  /** Reserves the memory that a model needs, if need be after others have been let go of. */
  private boolean reserve(ModelArtifact artifact) throws InterruptedException, ExecutionException {
    while (!memory.reserve(artifact)) {
      if (closing || !memory.mayFit(artifact)) {
        return false;
      }
      try {
        if (!CompletableFuture.supplyAsync(makeRoom::getAsBoolean, control).get()) {
          return false;
        }
      } catch (RejectedExecutionException e) {
        return false; // closed meanwhile
      }
      memory.awaitRoom(artifact, drainNanos);
    }
    return true;
  }

  private static String message(Exception e) {
    return e.getMessage() != null ? e.getMessage() : e.toString();
  }

  private void enter(Slot slot, VersionState state) {
    try {
      control.execute(() -> note(slot, state, ""));
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nobody looks at it
    }
  }

  private void release(@Nullable ModelArtifact artifact) {
    if (artifact != null) {
      memory.release(artifact);
      repository.release(artifact);
    }
  }

  // --- the control thread's again

  private void settle(String name, long version, Slot slot, Outcome outcome) {
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
      case Outcome.Failed failed -> {
        // not noted as tried: the next look tries again
        note(slot, VersionState.FAILED, failed.reason());
        if (!slot.isAbandoned) {
          log.warn("model {} version {}: {}", name, version, failed.reason());
        }
      }
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

  /** Lets a version finish its requests and frees it, once no route leads to it. */
  void retire(Slot slot) {
    slot.isAbandoned = true;
    ServedVersion served = slot.served;
    slot.served = null;
    if (served != null) {
      startDraining(served, slot.artifact);
    }
  }

  private void startDraining(ServedVersion served, @Nullable ModelArtifact artifact) {
    draining.removeIf(thread -> !thread.isAlive());
    draining.add(
        Thread.ofPlatform()
            .name("drain-" + served.name() + "-" + served.version())
            .start(() -> drain(served, artifact, drainNanos)));
  }

  private void drain(ServedVersion served, @Nullable ModelArtifact artifact, long graceNanos) {
    try {
      if (served.close(graceNanos)) {
        log.info("model {} version {}: unloaded", served.name(), served.version());
        release(artifact);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.error("unloading {} failed", served, e);
    }
  }

  // --- closing

  /** No further load begins; of any thread. */
  void stop() {
    closing = true;
    thread.shutdown();
  }

  /** Those that are being let go of; none is added once the control thread rests. */
  List<Thread> draining() {
    return List.copyOf(draining);
  }

  /** Waits for the load that is under way, until then at most. */
  void awaitLoad(long endNanos) throws InterruptedException {
    long left = Math.max(0, endNanos - nanoClock.getAsLong());
    if (!thread.awaitTermination(left, TimeUnit.NANOSECONDS)) {
      log.warn("a model is still being loaded: not waiting for it");
    }
  }

  /** Waits for what drains: until then, and only a little longer for a run. */
  void awaitDrained(List<Thread> leaving, long endNanos) throws InterruptedException {
    for (Thread drain : leaving) {
      // a run that never ends is not to keep the process from ending
      long left = Math.max(0, endNanos - nanoClock.getAsLong());
      if (!drain.join(Duration.ofNanos(left).plus(RUN_END_GRACE))) {
        log.warn("{}: a run goes on: not waiting for it", drain.getName());
      }
    }
  }
}
